//! Really signed, sealed and stamped messages, as a user's program makes them.
//!
//! Mining is real too; the parameters for tests ask for so few bits that it costs microseconds.

use meteorite_crypto::body::{BodyKey, seal_body};
use meteorite_crypto::letter::{ReplySecret, seal_letter};
use meteorite_crypto::root::Root;
use meteorite_crypto::sign::SigningKey;
use meteorite_crypto::stamp::Miner;
use meteorite_protocol::ids::{AuthorKey, BottleId, ClaimantKey, Nonce, ReplyKey};
use meteorite_protocol::time::{Epoch, Tick};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::wire::letter::LETTER_INFO;
use meteorite_protocol::wire::{
    Body, BodyBlock, BodyKeyKind, Claim, Deposit, Envelope, Extensions, Gist, Header, Lang, Letter,
    LetterContent, Mood, Place, Recast, Side, Signed, SkyMessage, ThrowBack, Wire as _, Withdrawal,
};

use super::dice::Dice;

/// What a bottle should be like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub(super) slots: u8,
    pub(super) ttl: u32,
    pub(super) thrown_at: Epoch,
}

/// A bottle before its stamp is mined: the keys are there, so the author's shard is known.
#[derive(Debug)]
pub(super) struct Draft {
    header: Header,
    block: BodyBlock,
    author: SigningKey,
    reply: ReplySecret,
}

/// A finished bottle with its secrets.
#[derive(Debug)]
pub(super) struct Bottle {
    pub(super) id: BottleId,
    pub(super) message: SkyMessage,
    pub(super) author: SigningKey,
    pub(super) reply: ReplySecret,
}

impl Draft {
    /// Composes a text of its own.
    pub(super) fn new(recipe: &Recipe, dice: &mut Dice) -> Self {
        let nonce = Nonce(dice.bytes());
        let keys = Root::from_bytes(&dice.bytes()).bottle_keys(nonce.as_bytes());
        let author = AuthorKey(keys.author.public());
        let text = format!("bottle {nonce} is on its way");
        let length = u16::try_from(text.chars().count()).unwrap_or(1);
        let body = Body {
            text,
            nick: None,
            tags: Vec::new(),
            x: Extensions::default(),
        };
        let body_key: [u8; 32] = dice.bytes();
        let aad = Header::body_aad(&author, &nonce);
        let sealed = seal_body(&BodyKey::from_bytes(&body_key), &body.encode(), &aad, dice.rng());
        let block = BodyBlock::from_sealed(&sealed.expect("a short text fits"))
            .expect("a sealed body has a class size");
        let header = Header {
            v: Header::VERSION,
            nonce,
            body: block.id(),
            body_len: block.body_len(),
            key: BodyKeyKind::Open(body_key),
            mood: Mood(dice.bytes()),
            tone: 0,
            lang: Lang::new("en").expect("a language"),
            gist: Gist([0; 64]),
            length,
            art: 1,
            slots: recipe.slots,
            thrown_at: recipe.thrown_at,
            ttl: recipe.ttl,
            author,
            reply_to: ReplyKey(keys.reply.public()),
            stamp: 0,
            stamp_lag: 0,
            x: Extensions::default(),
        };
        Self {
            header,
            block,
            author: keys.author,
            reply: keys.reply,
        }
    }

    /// The same content by another author, in this shard of the sky. Nobody can open such a bottle, and nobody who floods cares.
    pub(super) fn in_shard(&self, shard: u8, dice: &mut Dice) -> Self {
        let keys = std::iter::repeat_with(|| SigningKey::from_seed(&dice.bytes()));
        let mut found = keys
            .map(|key| (AuthorKey(key.public()), key))
            .filter(|(author, _)| author.shard() == shard);
        let (author, key) = found.next().expect("one key in sixteen is in each shard");
        let header = Header {
            author,
            ..self.header.clone()
        };
        let reply = ReplySecret::from_bytes(&self.reply.to_bytes());
        Self {
            header,
            block: self.block.clone(),
            author: key,
            reply,
        }
    }

    /// Who signs it.
    pub(super) const fn author(&self) -> &AuthorKey {
        &self.header.author
    }

    /// Mines and signs.
    pub(super) fn finish(mut self, bits: u32) -> Bottle {
        let epoch = self.header.stamp_epoch().0;
        self.header.stamp = mine(Miner::stamp(self.header.author.as_bytes(), epoch, bits));
        let header = Signed::sign(self.header, &self.author);
        let id = header.bottle();
        let message = SkyMessage {
            header,
            body: self.block,
        };
        Bottle {
            id,
            message,
            author: self.author,
            reply: self.reply,
        }
    }
}

impl Bottle {
    pub(super) const fn header(&self) -> &Header {
        self.message.header.value()
    }

    pub(super) fn topic(&self) -> Topic {
        Topic::of_author(&self.header().author)
    }

    /// The same once more: keys are not `Clone`, so that no product code copies them by accident.
    pub(super) fn copy(&self) -> Self {
        Self {
            id: self.id,
            message: self.message.clone(),
            author: SigningKey::from_seed(&self.author.seed()),
            reply: ReplySecret::from_bytes(&self.reply.to_bytes()),
        }
    }

    /// Another bottle by the same author key, which no honest author makes.
    pub(super) fn second(&self, bits: u32, dice: &mut Dice) -> Self {
        let mut header = self.header().clone();
        header.nonce = Nonce(dice.bytes());
        header.stamp = mine(Miner::stamp(
            header.author.as_bytes(),
            header.stamp_epoch().0,
            bits,
        ));
        let author = SigningKey::from_seed(&self.author.seed());
        let header = Signed::sign(header, &author);
        let message = SkyMessage {
            header,
            body: self.message.body.clone(),
        };
        let reply = ReplySecret::from_bytes(&self.reply.to_bytes());
        Self {
            id: message.header.bottle(),
            message,
            author,
            reply,
        }
    }
}

/// A claim with its work.
pub(super) fn claim(bottle: BottleId, place: Place, key: &SigningKey, t: Tick, bits: u32) -> Signed<Claim> {
    let claimant = ClaimantKey(key.public());
    let miner = Miner::claim(bottle.as_bytes(), &place.to_bytes(), claimant.as_bytes(), bits);
    Signed::sign(
        Claim {
            bottle,
            place,
            claimant,
            t,
            work: mine(miner),
        },
        key,
    )
}

/// A throw-back, `depth` places from the root.
pub(super) fn throw_back(claim: Signed<Claim>, depth: u8, key: &SigningKey) -> Signed<ThrowBack> {
    Signed::sign(ThrowBack { claim, depth }, key)
}

/// An author takes a bottle back.
pub(super) fn withdrawal(bottle: BottleId, author: &SigningKey) -> Signed<Withdrawal> {
    Signed::sign(Withdrawal { bottle }, author)
}

/// An author opens more places.
pub(super) fn recast(bottle: BottleId, n: u8, author: &SigningKey) -> Signed<Recast> {
    Signed::sign(Recast { bottle, n }, author)
}

/// The first letter of a finder.
pub(super) fn first_letter(
    header: &Signed<Header>,
    claim: &Signed<Claim>,
    key: &SigningKey,
    (words, dice): (&str, &mut Dice),
) -> Signed<Deposit> {
    let letter = Letter {
        v: Letter::VERSION,
        content: LetterContent::Text(words.to_owned()),
        reply_key: ReplyKey(ReplySecret::from_bytes(&dice.bytes()).public()),
        keep: true,
        x: Extensions::default(),
    };
    let mut envelope = Envelope {
        v: Envelope::VERSION,
        nonce: header.value().nonce,
        bottle: header.bottle(),
        seq: 1,
        from: Side::Finder,
        to: header.value().reply_to,
        enc: ReplyKey([0; 32]),
        ct: Vec::new().into(),
    };
    let aad = envelope.aad(&claim.value().claimant);
    let sealed = seal_letter(
        envelope.to.as_bytes(),
        LETTER_INFO,
        &aad,
        &letter.encode(),
        dice.rng(),
    );
    let sealed = sealed.expect("a short letter to a good key is sealed");
    envelope.enc = ReplyKey(sealed.enc);
    envelope.ct = sealed.ct.into();
    Signed::sign(
        Deposit {
            header: header.clone(),
            claim: claim.clone(),
            envelope,
        },
        key,
    )
}

/// A counter with so many bits.
pub(super) fn mine(mut miner: Miner) -> u64 {
    loop {
        if let Some(counter) = miner.step(1 << 12) {
            return counter;
        }
    }
}
