//! Real bottles, claims and deposits, mined and signed now.

use std::time::{SystemTime, UNIX_EPOCH};

use meteorite_crypto::letter::{ReplySecret, open_letter, seal_letter};
use meteorite_crypto::sign::SigningKey;
use meteorite_crypto::stamp::Miner;
use meteorite_protocol::ids::{AuthorKey, ClaimantKey, MailAddress, Nonce, ReplyKey};
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::letter::{LETTER_INFO, author_address};
use meteorite_protocol::wire::{
    BodyBlock, BodyKeyKind, Claim, Deposit, Envelope, Extensions, Gist, Header, Lang, Letter, LetterContent,
    Mood, Place, Side, Signed, SkyMessage, Wire as _,
};

/// A thrown bottle with its secrets.
pub(crate) struct Bottle {
    pub(crate) message: SkyMessage,
    reply: ReplySecret,
    params: Params,
}

impl Bottle {
    pub(crate) fn throw(params: Params) -> Self {
        let author = SigningKey::generate(&mut rand::rng());
        let reply = ReplySecret::generate(&mut rand::rng());
        let key = AuthorKey(author.public());
        let block = BodyBlock::from_sealed(&[rand::random::<[u8; 32]>(); 8].concat()).unwrap();
        let thrown_at = now().epoch();
        let header = Header {
            v: Header::VERSION,
            nonce: Nonce(rand::random()),
            body: block.id(),
            body_len: block.body_len(),
            key: BodyKeyKind::Open(rand::random()),
            mood: Mood([9; 8]),
            tone: 0,
            lang: Lang::new("en").unwrap(),
            gist: Gist([0; 64]),
            length: 50,
            art: 1,
            slots: 3,
            thrown_at,
            ttl: 1_008,
            author: key,
            reply_to: ReplyKey(reply.public()),
            stamp: mine(Miner::stamp(
                key.as_bytes(),
                thrown_at.0,
                params.stamp_bits_floor(),
            )),
            stamp_lag: 0,
            x: Extensions::default(),
        };
        Self {
            message: SkyMessage {
                header: Signed::sign(header, &author),
                body: block,
            },
            reply,
            params,
        }
    }

    pub(crate) fn topic(&self) -> String {
        Topic::of_author(&self.message.header.value().author).to_string()
    }

    /// Where its letters wait.
    pub(crate) fn mail_address(&self) -> MailAddress {
        let header = self.message.header.value();
        author_address(&header.author, &header.reply_to)
    }

    /// A first letter by a finder made for it.
    pub(crate) fn letter(&self, text: &str) -> Signed<Deposit> {
        self.letter_by(&SigningKey::generate(&mut rand::rng()), text)
    }

    /// A first letter by this finder.
    pub(crate) fn letter_by(&self, finder: &SigningKey, text: &str) -> Signed<Deposit> {
        let header = self.message.header.value();
        let (bottle, claimant) = (self.message.header.bottle(), ClaimantKey(finder.public()));
        let bits = self.params.claim_bits_floor();
        let work = mine(Miner::claim(
            bottle.as_bytes(),
            &Place::Root.to_bytes(),
            claimant.as_bytes(),
            bits,
        ));
        let claim = Claim {
            bottle,
            place: Place::Root,
            claimant,
            t: now().tick(),
            work,
        };
        let mut envelope = Envelope {
            v: Envelope::VERSION,
            nonce: header.nonce,
            bottle,
            seq: 1,
            from: Side::Finder,
            to: header.reply_to,
            enc: ReplyKey([0; 32]),
            ct: vec![].into(),
        };
        let letter = Letter {
            v: Letter::VERSION,
            content: LetterContent::Text(text.to_owned()),
            reply_key: ReplyKey(rand::random()),
            keep: false,
            x: Extensions::default(),
        };
        let aad = envelope.aad(&claimant);
        let sealed = seal_letter(
            header.reply_to.as_bytes(),
            LETTER_INFO,
            &aad,
            &letter.encode(),
            &mut rand::rng(),
        )
        .unwrap();
        (envelope.enc, envelope.ct) = (ReplyKey(sealed.enc), sealed.ct.into());
        let deposit = Deposit {
            header: self.message.header.clone(),
            claim: Signed::sign(claim, finder),
            envelope,
        };
        Signed::sign(deposit, finder)
    }

    /// What a collected letter says.
    pub(crate) fn read(&self, deposit: &[u8]) -> String {
        let deposit = Signed::<Deposit>::decode(deposit).unwrap();
        let value = deposit.value();
        let aad = value.envelope.aad(&value.claim.value().claimant);
        let sealed = meteorite_crypto::letter::SealedLetter {
            enc: value.envelope.enc.0,
            ct: value.envelope.ct.as_slice().to_vec(),
        };
        let plain = open_letter(&self.reply, &sealed, LETTER_INFO, &aad).unwrap();
        match Letter::decode(&plain).unwrap().content {
            LetterContent::Text(text) => text,
            other => panic!("expected words, got {other:?}"),
        }
    }
}

fn mine(mut miner: Miner) -> u64 {
    loop {
        if let Some(counter) = miner.step(1 << 16) {
            return counter;
        }
    }
}

fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixMillis(u64::try_from(since.as_millis()).unwrap())
}
