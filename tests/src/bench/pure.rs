//! What one core does without any network: validating headers, merging claims.

use std::time::Instant;

use meteorite_crypto::body::{BodyKey, seal_body};
use meteorite_crypto::root::Root;
use meteorite_crypto::sign::{Domain, SigningKey};
use meteorite_crypto::stamp::Miner;
use meteorite_protocol::engine::{Config, Effect, Engine, Input, MessageHandle};
use meteorite_protocol::ids::{AuthorKey, ClaimantKey, Nonce, Peer, ReplyKey, Signature};
use meteorite_protocol::time::{Now, UnixMillis};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;
use meteorite_protocol::verdict::Verdict;
use meteorite_protocol::wire::{
    Body, BodyBlock, BodyKeyKind, CatchMessage, Claim, Extensions, Gist, Header, Lang, Mood, Place, Signed,
    SkyMessage, Wire,
};
use rand::RngExt;

use super::Figure;

/// A real sky message of now, and the name of its topic. The stamp has 20 bits only where a test asks for it.
pub(super) fn sky_message(root: &Root, text: &str) -> (String, Vec<u8>) {
    let mut nonce = [0; 16];
    rand::rng().fill(&mut nonce);
    let keys = root.bottle_keys(&nonce);
    let author = AuthorKey(keys.author.public());
    let nonce = Nonce(nonce);
    let body = Body {
        text: text.to_owned(),
        nick: None,
        tags: Vec::new(),
        x: Extensions::default(),
    };
    let key = BodyKey::generate(&mut rand::rng());
    let sealed = seal_body(
        &key,
        &body.encode(),
        &Header::body_aad(&author, &nonce),
        &mut rand::rng(),
    );
    let block = BodyBlock::from_sealed(&sealed.expect("a short body")).expect("a size class");
    let epoch = now().wall.epoch();
    let bits = Params::for_tests().stamp_bits_floor();
    let stamp = Miner::stamp(&author.0, epoch.0, bits)
        .step(u64::MAX)
        .expect("a stamp");
    let header = Header {
        v: Header::VERSION,
        nonce,
        body: block.id(),
        body_len: block.body_len(),
        key: BodyKeyKind::Open(*key.expose()),
        mood: Mood::default(),
        tone: 0,
        lang: Lang::UNDETERMINED,
        gist: Gist::default(),
        length: u16::try_from(text.len()).unwrap_or(u16::MAX),
        art: 1,
        slots: 3,
        thrown_at: epoch,
        ttl: 1_008,
        author,
        reply_to: ReplyKey(keys.reply.public()),
        stamp,
        stamp_lag: 0,
        x: Extensions::default(),
    };
    let payload = header.encode();
    let signature = Signature(keys.author.sign(Domain::Header, &payload));
    let header = Signed::from_parts(payload, signature).expect("a header within its limits");
    let message = SkyMessage { header, body: block }.encode();
    (Topic::of_author(&author).to_string(), message)
}

pub(super) fn run() -> Vec<Figure> {
    vec![headers(), rivals()]
}

/// The whole way of a gossip message through the engine: decode, hash, stamp, signature, index, effects.
fn headers() -> Figure {
    const COUNT: usize = 5_000;
    let root = Root::generate(&mut rand::rng());
    let messages: Vec<(Topic, Vec<u8>)> = (0..COUNT)
        .map(|at| sky_message(&root, &format!("Header number {at}.")))
        .map(|(topic, bytes)| (topic.parse().expect("a topic of ours"), bytes))
        .collect();
    let mut engine = Engine::new(
        &Config {
            params: Params::for_tests(),
            ..Config::default()
        },
        [7; 32],
    );
    let peers: Vec<Peer> = (0..100_u8)
        .map(|at| Peer::from_ed25519(&SigningKey::from_seed(&[at; 32]).public()))
        .collect();
    let mut effects = Vec::new();
    for peer in &peers {
        engine.handle(Input::PeerUp { peer: peer.clone() }, now(), &mut effects);
    }
    let (mut accepted, mut ignored) = (0_usize, 0_usize);
    let start = Instant::now();
    for (at, ((topic, bytes), peer)) in messages.into_iter().zip(peers.iter().cycle()).enumerate() {
        let message = MessageHandle(at as u64);
        engine.handle(
            Input::Gossip {
                peer: peer.clone(),
                topic,
                message,
                bytes,
            },
            now(),
            &mut effects,
        );
        for effect in effects.drain(..) {
            match effect {
                Effect::Verdict {
                    verdict: Verdict::Accept,
                    ..
                } => accepted += 1,
                Effect::Verdict { .. } => ignored += 1,
                _ => {}
            }
        }
    }
    let rate = COUNT as f64 / start.elapsed().as_secs_f64();
    let conditions = format!(
        "one core, {COUNT} different headers with bodies through the engine; {accepted} accepted, {ignored} below the admission level that such a flood raises"
    );
    Figure::new("gossip messages judged", rate, "per s", conditions)
}

/// The claims of 1,000 rivals for one bottle, in one order.
fn rivals() -> Figure {
    const RIVALS: usize = 1_000;
    let bottle = meteorite_protocol::ids::BottleId([3; 32]);
    let claims: Vec<(meteorite_protocol::claims::ClaimKey, Vec<u8>)> = (0..RIVALS)
        .map(|_| {
            let key = SigningKey::generate(&mut rand::rng());
            let claim = Claim {
                bottle,
                place: Place::Root,
                claimant: ClaimantKey(key.public()),
                t: now().wall.tick(),
                work: 0,
            };
            let payload = claim.encode();
            let signature = Signature(key.sign(Domain::Claim, &payload));
            let signed = Signed::from_parts(payload, signature).expect("a claim within its limits");
            (
                meteorite_protocol::claims::ClaimKey::of(&claim),
                CatchMessage::Claim(signed).encode(),
            )
        })
        .collect();
    let start = Instant::now();
    let mut set = meteorite_protocol::claims::ClaimSet::new(bottle, 3);
    for (key, message) in &claims {
        set.add_claim(key, message);
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / RIVALS as f64;
    let kept = set.caught().0;
    Figure::new(
        "one of 1,000 rival claims merged",
        micros,
        "µs",
        format!("one core, signatures not counted; {kept} kept of 3 places"),
    )
}

fn now() -> Now {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Now::new(millis, UnixMillis(millis))
}
