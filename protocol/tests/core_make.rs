//! Bottles, claims and the rest, made to order and always the same.

use meteorite_crypto::sign::SigningKey;
use meteorite_crypto::stamp::Miner;
use meteorite_protocol::ids::{AuthorKey, BottleId, ClaimantKey, Nonce, ReplyKey};
use meteorite_protocol::time::{Tick, UnixMillis};
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{
    BodyBlock, BodyKeyKind, CatchMessage, Claim, Extensions, Gist, Header, Lang, Mood, Place, Recast, Signed,
    SkyMessage, ThrowBack, Withdrawal,
};

/// A moment early in an epoch, so that small clock errors stay inside.
pub(crate) const EPOCH_START: u64 = 2_900_000 * 600_000 + 60_000;

/// A bottle with the key of its author.
pub(crate) struct Made {
    pub(crate) id: BottleId,
    pub(crate) author: SigningKey,
    pub(crate) message: SkyMessage,
}

pub(crate) fn key(label: &str, n: u64) -> SigningKey {
    let mut hasher = blake3::Hasher::new();
    hasher.update(label.as_bytes());
    hasher.update(&n.to_be_bytes());
    SigningKey::from_seed(hasher.finalize().as_bytes())
}

/// A bottle thrown at this moment. The same author number gives the same author; `salt` makes a different header.
pub(crate) fn bottle_of(author: u64, salt: u64, wall: UnixMillis, change: impl FnOnce(&mut Header)) -> Made {
    let signer = key("author", author);
    let sealed: Vec<u8> = (0..256)
        .map(|i| (i as u64 ^ author ^ (salt << 3)) as u8)
        .collect();
    let body =
        BodyBlock::from_sealed(&[&author.to_be_bytes()[..], &salt.to_be_bytes(), &sealed[16..]].concat())
            .unwrap();
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&author.to_be_bytes());
    nonce[8..].copy_from_slice(&salt.to_be_bytes());
    let mut header = Header {
        v: Header::VERSION,
        nonce: Nonce(nonce),
        body: body.id(),
        body_len: body.body_len(),
        key: BodyKeyKind::Open([9; 32]),
        mood: Mood([1, 2, 3, 4, 5, 6, 7, 8]),
        tone: 3,
        lang: Lang::new("en").unwrap(),
        gist: Gist(std::array::from_fn(|i| i as i8 - 32)),
        length: 40,
        art: 1,
        slots: 3,
        thrown_at: wall.epoch(),
        ttl: 1008,
        author: AuthorKey(signer.public()),
        reply_to: ReplyKey([7; 32]),
        stamp: 0,
        stamp_lag: 0,
        x: Extensions::default(),
    };
    change(&mut header);
    let bits = Params::for_tests().stamp_bits_floor();
    header.stamp = mine(Miner::stamp(
        header.author.as_bytes(),
        header.stamp_epoch().0,
        bits,
    ));
    let header = Signed::sign(header, &signer);
    Made {
        id: header.bottle(),
        author: signer,
        message: SkyMessage { header, body },
    }
}

pub(crate) fn bottle(author: u64, wall: UnixMillis) -> Made {
    bottle_of(author, 0, wall, |_| {})
}

fn mine(mut miner: Miner) -> u64 {
    loop {
        if let Some(counter) = miner.step(1 << 12) {
            return counter;
        }
    }
}

pub(crate) fn claim(bottle: BottleId, finder: u64, place: Place, t: Tick) -> Signed<Claim> {
    let signer = key("finder", finder);
    let claimant = ClaimantKey(signer.public());
    let bits = Params::for_tests().claim_bits_floor();
    let work = mine(Miner::claim(
        bottle.as_bytes(),
        &place.to_bytes(),
        claimant.as_bytes(),
        bits,
    ));
    Signed::sign(
        Claim {
            bottle,
            place,
            claimant,
            t,
            work,
        },
        &signer,
    )
}

pub(crate) fn claimant(finder: u64) -> ClaimantKey {
    ClaimantKey(key("finder", finder).public())
}

pub(crate) fn throw_back(claim: &Signed<Claim>, finder: u64, depth: u8) -> Vec<u8> {
    let back = ThrowBack {
        claim: claim.clone(),
        depth,
    };
    CatchMessage::ThrowBack(Signed::sign(back, &key("finder", finder))).encode()
}

pub(crate) fn withdrawal(made: &Made) -> Vec<u8> {
    CatchMessage::Withdrawal(Signed::sign(Withdrawal { bottle: made.id }, &made.author)).encode()
}

pub(crate) fn recast(made: &Made, n: u8) -> Vec<u8> {
    CatchMessage::Recast(Signed::sign(Recast { bottle: made.id, n }, &made.author)).encode()
}
