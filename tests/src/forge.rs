//! Bottles made without a node, and so without a node's allowances: for floods and full skies.

use meteorite_crypto::body::{BodyKey, seal_body};
use meteorite_crypto::root::Root;
use meteorite_crypto::sign::Domain;
use meteorite_crypto::stamp::Miner;
use meteorite_protocol::ids::{AuthorKey, Nonce, ReplyKey, Signature};
use meteorite_protocol::time::{Now, UnixMillis};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{
    Body, BodyBlock, BodyKeyKind, Extensions, Gist, Header, Lang, Mood, Signed, SkyMessage, Wire,
};
use rand::RngExt;

/// A real sky message of now with the cheap stamp of tests, and its topic.
#[must_use]
pub fn sky_message(root: &Root, text: &str) -> (Topic, Vec<u8>) {
    dear_message(root, text, 0)
}

/// Like [`sky_message`], with a stamp so many bits above the floor: it passes an admission level that has risen.
#[must_use]
pub fn dear_message(root: &Root, text: &str, more_bits: u32) -> (Topic, Vec<u8>) {
    let bits = Params::for_tests().stamp_bits_floor() + more_bits;
    make(root, text, bits, |keys, payload| {
        Signature(keys.sign(Domain::Header, payload))
    })
}

/// Like [`sky_message`], with a signature that is none.
#[must_use]
pub fn unsigned_message(root: &Root, text: &str) -> (Topic, Vec<u8>) {
    let bits = Params::for_tests().stamp_bits_floor();
    make(root, text, bits, |_, _| Signature([7; 64]))
}

/// Both clocks.
#[must_use]
pub fn now() -> Now {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Now::new(millis, UnixMillis(millis))
}

fn make(
    root: &Root,
    text: &str,
    bits: u32,
    sign: impl FnOnce(&meteorite_crypto::sign::SigningKey, &[u8]) -> Signature,
) -> (Topic, Vec<u8>) {
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
    let signature = sign(&keys.author, &payload);
    let header = Signed::from_parts(payload, signature).expect("a header within its limits");
    let message = SkyMessage { header, body: block }.encode();
    (Topic::of_author(&author), message)
}
