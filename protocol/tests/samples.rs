//! Deterministic values of every kind: the same bytes on every run and every machine.

use meteorite_crypto::body::{BodyKey, seal_body};
use meteorite_crypto::letter::{ReplySecret, seal_letter};
use meteorite_crypto::root::Root;
use meteorite_crypto::sign::SigningKey;
use meteorite_crypto::stamp::Miner;
use meteorite_protocol::fuzzing::CORPUS_EPOCH;
use meteorite_protocol::ids::{AuthorKey, ClaimantKey, Nonce, Peer, ReplyKey};
use meteorite_protocol::text::count_graphemes;
use meteorite_protocol::time::{Now, Tick, UnixMillis};
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::letter::LETTER_INFO;
use meteorite_protocol::wire::{
    Body, BodyBlock, BodyKeyKind, CatchMessage, Claim, Deposit, Envelope, Extensions, Gist, Header, Lang,
    Letter, LetterContent, Mood, Place, Recast, Receipt, Side, Signed, SkyMessage, ThrowBack, Wire as _,
    Withdrawal,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// What a sample bottle is made of.
pub(crate) struct Recipe {
    pub(crate) seed: u8,
    pub(crate) text: String,
    pub(crate) lang: &'static str,
    pub(crate) tags: Vec<String>,
    pub(crate) key: Option<BodyKeyKind>,
    pub(crate) x: Extensions,
    pub(crate) stamp_bits: u32,
    pub(crate) stamp_from: u64,
}

impl Recipe {
    pub(crate) fn new(seed: u8, text: &str) -> Self {
        Self {
            seed,
            text: text.to_owned(),
            lang: "en",
            tags: vec![],
            key: None,
            x: Extensions::default(),
            stamp_bits: Params::for_tests().stamp_bits_floor(),
            stamp_from: 0,
        }
    }

    pub(crate) fn throw(self) -> Bottle {
        Bottle::throw(self)
    }
}

/// A thrown bottle with its secrets.
pub(crate) struct Bottle {
    pub(crate) message: SkyMessage,
    pub(crate) author: SigningKey,
    pub(crate) reply: ReplySecret,
    pub(crate) body: Body,
}

impl Bottle {
    fn throw(recipe: Recipe) -> Self {
        let Recipe {
            seed,
            text,
            lang,
            tags,
            key,
            x,
            stamp_bits,
            stamp_from,
        } = recipe;
        let nonce = Nonce([seed; 16]);
        let keys = Root::from_bytes(&[seed.wrapping_add(1); 32]).bottle_keys(nonce.as_bytes());
        let author = AuthorKey(keys.author.public());
        let body = Body {
            text,
            nick: None,
            tags,
            x: Extensions::default(),
        };
        let body_key = [seed.wrapping_add(2); 32];
        let sealed = seal_body(
            &BodyKey::from_bytes(&body_key),
            &body.encode(),
            &Header::body_aad(&author, &nonce),
            &mut rng(seed),
        );
        let block = BodyBlock::from_sealed(&sealed.unwrap()).unwrap();
        let header = Header {
            v: Header::VERSION,
            nonce,
            body: block.id(),
            body_len: block.body_len(),
            key: key.unwrap_or(BodyKeyKind::Open(body_key)),
            mood: Mood([200, 30, 0, 90, 10, 0, 0, 60]),
            tone: 3,
            lang: Lang::new(lang).unwrap(),
            gist: Gist(std::array::from_fn(|i| i as i8 - 32)),
            length: u16::try_from(count_graphemes(&body.text)).unwrap(),
            art: 1,
            slots: 3,
            thrown_at: CORPUS_EPOCH,
            ttl: 1008,
            author,
            reply_to: ReplyKey(keys.reply.public()),
            stamp: mine(Miner::stamp(author.as_bytes(), CORPUS_EPOCH.0, stamp_bits).starting_at(stamp_from)),
            stamp_lag: 0,
            x,
        };
        let header = Signed::sign(header, &keys.author);
        let message = SkyMessage { header, body: block };
        Self {
            message,
            author: keys.author,
            reply: keys.reply,
            body,
        }
    }

    pub(crate) fn header(&self) -> &Header {
        self.message.header.value()
    }

    /// The same bottle with another header, mined and signed anew.
    pub(crate) fn with_header(&self, change: impl FnOnce(&mut Header)) -> SkyMessage {
        let mut header = self.header().clone();
        change(&mut header);
        let epoch = header.stamp_epoch().0;
        header.stamp = mine(Miner::stamp(
            header.author.as_bytes(),
            epoch,
            Params::for_tests().stamp_bits_floor(),
        ));
        SkyMessage {
            header: Signed::sign(header, &self.author),
            body: self.message.body.clone(),
        }
    }

    /// A claim by the finder with this number.
    pub(crate) fn claim(&self, finder: u8, place: Place) -> Signed<Claim> {
        self.claim_at(finder, place, now().wall.tick())
    }

    pub(crate) fn claim_at(&self, finder: u8, place: Place, t: Tick) -> Signed<Claim> {
        let key = finder_key(finder);
        let (bottle, claimant) = (self.message.header.bottle(), ClaimantKey(key.public()));
        let bits = Params::for_tests().claim_bits_floor();
        let miner = Miner::claim(bottle.as_bytes(), &place.to_bytes(), claimant.as_bytes(), bits);
        Signed::sign(
            Claim {
                bottle,
                place,
                claimant,
                t,
                work: mine(miner),
            },
            &key,
        )
    }

    pub(crate) fn throw_back(&self, finder: u8) -> Signed<ThrowBack> {
        let claim = self.claim(finder, Place::Root);
        Signed::sign(ThrowBack { claim, depth: 1 }, &finder_key(finder))
    }

    pub(crate) fn withdrawal(&self) -> Signed<Withdrawal> {
        Signed::sign(
            Withdrawal {
                bottle: self.message.header.bottle(),
            },
            &self.author,
        )
    }

    pub(crate) fn recast(&self, n: u8) -> Signed<Recast> {
        Signed::sign(
            Recast {
                bottle: self.message.header.bottle(),
                n,
            },
            &self.author,
        )
    }

    pub(crate) fn catches(&self) -> Vec<CatchMessage> {
        vec![
            CatchMessage::Claim(self.claim(1, Place::Root)),
            CatchMessage::ThrowBack(self.throw_back(1)),
            CatchMessage::Withdrawal(self.withdrawal()),
            CatchMessage::Recast(self.recast(2)),
        ]
    }

    /// A first letter of the finder with this number, deposited.
    pub(crate) fn deposit(&self, finder: u8) -> Signed<Deposit> {
        let claim = self.claim(finder, Place::Root);
        let header = self.header();
        let mut envelope = Envelope {
            v: Envelope::VERSION,
            nonce: header.nonce,
            bottle: self.message.header.bottle(),
            seq: 1,
            from: Side::Finder,
            to: header.reply_to,
            enc: ReplyKey([0; 32]),
            ct: vec![].into(),
        };
        let aad = envelope.aad(&claim.value().claimant);
        let sealed = seal_letter(
            envelope.to.as_bytes(),
            LETTER_INFO,
            &aad,
            &letter().encode(),
            &mut rng(finder),
        )
        .unwrap();
        envelope.enc = ReplyKey(sealed.enc);
        envelope.ct = sealed.ct.into();
        let deposit = Deposit {
            header: self.message.header.clone(),
            claim,
            envelope,
        };
        Signed::sign(deposit, &finder_key(finder))
    }
}

pub(crate) fn plain() -> Bottle {
    Recipe::new(1, "Is anybody out there? I can see the harbour from here.").throw()
}

pub(crate) fn letter() -> Letter {
    Letter {
        v: Letter::VERSION,
        content: LetterContent::Text("I am here. The lights are on.".to_owned()),
        reply_key: ReplyKey([0x33; 32]),
        keep: true,
        x: Extensions::default(),
    }
}

pub(crate) fn receipt() -> Signed<Receipt> {
    let key = SigningKey::from_seed(&[0x44; 32]);
    let deposit = plain().deposit(1);
    let receipt = Receipt {
        address: deposit.value().address(),
        letter: deposit.letter_id(),
        until: UnixMillis(1_768_209_600_000),
        mailbox: Peer::from_ed25519(&key.public()),
    };
    Signed::sign(receipt, &key)
}

/// One second into the epoch in which the samples are thrown.
pub(crate) fn now() -> Now {
    Now::new(0, CORPUS_EPOCH.start().plus_ms(1_000))
}

pub(crate) fn finder_key(finder: u8) -> SigningKey {
    SigningKey::from_seed(&[finder.wrapping_add(0x60); 32])
}

pub(crate) fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

fn mine(mut miner: Miner) -> u64 {
    loop {
        if let Some(counter) = miner.step(1 << 16) {
            return counter;
        }
    }
}
