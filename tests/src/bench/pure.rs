//! What one core does without any network: validating headers, merging claims.

use std::time::Instant;

use meteorite_crypto::root::Root;
use meteorite_crypto::sign::{Domain, SigningKey};
use meteorite_protocol::engine::{Config, Effect, Engine, Input, MessageHandle};
use meteorite_protocol::ids::{ClaimantKey, Peer, Signature};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;
use meteorite_protocol::verdict::Verdict;
use meteorite_protocol::wire::{CatchMessage, Claim, Place, Signed, Wire};

use super::Figure;
use crate::forge::{now, sky_message};

pub(super) fn run() -> Vec<Figure> {
    vec![headers(), rivals()]
}

/// The whole way of a gossip message through the engine: decode, hash, stamp, signature, index, effects.
fn headers() -> Figure {
    const COUNT: usize = 5_000;
    let root = Root::generate(&mut rand::rng());
    let messages: Vec<(Topic, Vec<u8>)> = (0..COUNT)
        .map(|at| sky_message(&root, &format!("Header number {at}.")))
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
