//! Composing a bottle and opening one.

use meteorite_crypto::body::{BodyKey, open_body, seal_body};
use meteorite_crypto::root::{BottleKeys, Root};
use meteorite_crypto::sign::Domain;
use meteorite_protocol::control::{Problem, ProblemKind};
use meteorite_protocol::ids::{AuthorKey, Nonce, ReplyKey, Signature};
use meteorite_protocol::time::Epoch;
use meteorite_protocol::wire::{
    Body, BodyBlock, BodyKeyKind, Extensions, Gist, Header, Lang, Mood, Signed, SkyMessage, Wire,
};
use rand::CryptoRng;

/// What the user chose for a bottle, cleaned and checked.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// What is sealed.
    pub(crate) body: Body,
    /// Graphemes of the text.
    pub(crate) length: u16,
    /// Places.
    pub(crate) slots: u8,
    /// Epochs to drift.
    pub(crate) ttl: u32,
}

/// The author's word about a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facets {
    /// Its feeling.
    pub(crate) mood: Mood,
    /// Its toxicity.
    pub(crate) tone: u8,
    /// Its language.
    pub(crate) lang: Lang,
    /// Its meaning.
    pub(crate) gist: Gist,
}

/// A bottle that lacks only its stamp and its signature.
pub(crate) struct Composed {
    header: Header,
    block: BodyBlock,
    keys: BottleKeys,
}

/// A mined stamp.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// The epoch it was mined for.
    pub(crate) epoch: Epoch,
    /// The counter.
    pub(crate) counter: u64,
}

/// Seals the text under a fresh key and derives the bottle's own keys from a fresh nonce.
pub(crate) fn compose(root: &Root, choice: Choice, rng: &mut impl CryptoRng) -> Result<Composed, Problem> {
    let mut nonce = [0; 16];
    rng.fill_bytes(&mut nonce);
    let nonce = Nonce(nonce);
    let keys = root.bottle_keys(&nonce.0);
    let author = AuthorKey(keys.author.public());
    let key = BodyKey::generate(rng);
    let sealed = seal_body(
        &key,
        &choice.body.encode(),
        &Header::body_aad(&author, &nonce),
        rng,
    )
    .map_err(|error| unsealable(&error.to_string()))?;
    let block = BodyBlock::from_sealed(&sealed).map_err(|error| unsealable(&error.to_string()))?;
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
        length: choice.length,
        art: ART_VERSION,
        slots: choice.slots,
        thrown_at: Epoch(0),
        ttl: choice.ttl,
        author,
        reply_to: ReplyKey(keys.reply.public()),
        stamp: 0,
        stamp_lag: 0,
        x: Extensions::default(),
    };
    Ok(Composed { header, block, keys })
}

impl Composed {
    /// The key whose stamp must be mined.
    pub(crate) fn author(&self) -> AuthorKey {
        self.header.author
    }

    /// Puts what the analysis found into the header; the writer's own word about the language counts more.
    pub(crate) fn say(&mut self, facets: Facets, lang: Option<Lang>) {
        self.header.mood = facets.mood;
        self.header.tone = facets.tone;
        self.header.lang = lang.unwrap_or(facets.lang);
        self.header.gist = facets.gist;
    }

    /// The finished bottle, thrown in `thrown_at`; `None` when the stamp was mined for neither this epoch nor the last.
    pub(crate) fn finish(mut self, thrown_at: Epoch, stamp: Stamp) -> Option<SkyMessage> {
        let lag = thrown_at.0.checked_sub(stamp.epoch.0).filter(|lag| *lag <= 1)?;
        self.header.thrown_at = thrown_at;
        self.header.stamp = stamp.counter;
        self.header.stamp_lag = u8::try_from(lag).ok()?;
        let payload = self.header.encode();
        let signature = Signature(self.keys.author.sign(Domain::Header, &payload));
        let header = Signed::from_parts(payload, signature).ok()?;
        Some(SkyMessage {
            header,
            body: self.block,
        })
    }
}

/// Opens the body of a bottle whose key is in its header. `None` when it does not open or says nothing: such a bottle is
/// somebody's fault and nobody's message.
pub(crate) fn open(header: &Header, block: &BodyBlock) -> Option<Body> {
    let BodyKeyKind::Open(key) = &header.key else {
        return None;
    };
    let aad = Header::body_aad(&header.author, &header.nonce);
    let plain = open_body(&BodyKey::from(*key), block.sealed(), &aad).ok()?;
    Body::decode(&plain).ok()
}

/// Is this bottle ours? Only its author can derive its author key from its nonce.
pub(crate) fn is_ours(root: &Root, author: &AuthorKey, nonce: &Nonce) -> bool {
    root.bottle_keys(&nonce.0).author.public() == author.0
}

fn unsealable(why: &str) -> Problem {
    Problem::new(
        ProblemKind::Bug,
        format!("The text could not be sealed: {why}."),
        "Nothing was thrown.",
        "",
    )
}

/// The generator that draws the stone; raised when the picture of a nonce changes.
const ART_VERSION: u16 = 1;
