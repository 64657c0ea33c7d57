//! Deposits and receipts.

use meteorite_crypto::letter::{SealedLetter, open_letter};
use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::ids::{BottleId, Nonce, Peer, ReplyKey};
use meteorite_protocol::time::{EPOCH_MS, Now};
use meteorite_protocol::validate::{Params, VerifiedDeposit, deposit, receipt};
use meteorite_protocol::verdict::{IgnoreReason, RejectReason, Verdict};
use meteorite_protocol::wire::letter::{LETTER_INFO, author_address, finder_address};
use meteorite_protocol::wire::{Deposit, Letter, Place, Receipt, Side, Signed, Wire as _};

use super::stub::{PARAMS, ignored, rejected};
use crate::samples::{self, Recipe, finder_key};

fn judge(signed: &Signed<Deposit>) -> Result<VerifiedDeposit, Verdict> {
    deposit(&signed.encode(), PARAMS, samples::now())
}

/// A deposit, changed and signed by the finder.
fn changed(change: impl FnOnce(&mut Deposit)) -> Signed<Deposit> {
    let mut value = samples::plain().deposit(1).value().clone();
    change(&mut value);
    Signed::sign(value, &finder_key(1))
}

#[test]
fn a_letter_reaches_the_author_and_opens() {
    let bottle = samples::plain();
    let judged = judge(&bottle.deposit(1)).unwrap();
    let header = bottle.header();
    assert_eq!(judged.address, author_address(&header.author, &header.reply_to));
    assert_eq!(judged.id, bottle.deposit(1).letter_id());
    let value = judged.deposit.value();
    let sealed = SealedLetter {
        enc: *value.envelope.enc.as_bytes(),
        ct: value.envelope.ct.0.clone(),
    };
    let aad = value.envelope.aad(&value.claim.value().claimant);
    let plain = open_letter(&bottle.reply, &sealed, LETTER_INFO, &aad).unwrap();
    assert_eq!(Letter::decode(&plain), Ok(samples::letter()));
    // The same envelope under another claim does not open.
    let other = value.envelope.aad(&bottle.claim(2, Place::Root).value().claimant);
    assert!(open_letter(&bottle.reply, &sealed, LETTER_INFO, &other).is_err());
}

#[test]
fn an_answer_reaches_the_finder() {
    let bottle = samples::plain();
    let mut value = bottle.deposit(1).value().clone();
    value.envelope.from = Side::Author;
    value.envelope.seq = 2;
    value.envelope.to = ReplyKey([0x33; 32]);
    let by_author = judge(&Signed::sign(value.clone(), &bottle.author)).unwrap();
    assert_eq!(
        by_author.address,
        finder_address(&value.claim.value().claimant, &ReplyKey([0x33; 32]))
    );
    let by_finder = judge(&Signed::sign(value, &finder_key(1)));
    assert_eq!(by_finder, rejected(RejectReason::BadSignature));
}

#[test]
fn the_parts_speak_of_one_bottle() {
    let other = Recipe::new(50, "another").throw();
    let wrong: [fn(&mut Deposit); 4] = [
        |value| value.envelope.bottle = BottleId([0; 32]),
        |value| value.envelope.nonce = Nonce([0; 16]),
        |value| value.envelope.to = ReplyKey([0; 32]),
        |value| value.header = Recipe::new(50, "another").throw().message.header,
    ];
    for change in wrong {
        assert_eq!(judge(&changed(change)), rejected(RejectReason::Inconsistent));
    }
    let claim = other.claim(1, Place::Root);
    assert_eq!(
        judge(&changed(|value| value.claim = claim)),
        rejected(RejectReason::Inconsistent)
    );
}

#[test]
fn everything_in_it_is_signed() {
    let bottle = samples::plain();
    let stranger = finder_key(9);
    let header = Signed::sign(bottle.header().clone(), &stranger);
    assert_eq!(
        judge(&changed(|value| value.header = header)),
        rejected(RejectReason::BadSignature)
    );
    let claim = Signed::sign(bottle.claim(1, Place::Root).value().clone(), &stranger);
    assert_eq!(
        judge(&changed(|value| value.claim = claim)),
        rejected(RejectReason::BadSignature)
    );
    let foreign = Signed::sign(bottle.deposit(1).value().clone(), &stranger);
    assert_eq!(judge(&foreign), rejected(RejectReason::BadSignature));
}

#[test]
fn everything_in_it_is_paid_for() {
    let bytes = samples::plain().deposit(1).encode();
    let mainnet = deposit(&bytes, &Params::mainnet(), samples::now());
    assert_eq!(mainnet, rejected(RejectReason::StampTooLow));
}

#[test]
fn letters_wait_two_weeks_beyond_the_bottle() {
    let bytes = samples::plain().deposit(1).encode();
    let after = |epochs: u64| Now::new(0, samples::now().wall.plus_ms(epochs * EPOCH_MS));
    let end = 1008 + 14 * 144;
    assert!(deposit(&bytes, PARAMS, after(end - 1)).is_ok());
    assert_eq!(
        deposit(&bytes, PARAMS, after(end)),
        ignored(IgnoreReason::Expired)
    );
    let before = Now::new(0, samples::now().wall.minus_ms(3 * EPOCH_MS));
    assert_eq!(deposit(&bytes, PARAMS, before), ignored(IgnoreReason::TooEarly));
}

#[test]
fn oversize_and_broken_deposits_are_rejected() {
    assert_eq!(
        deposit(&[0; 9000], PARAMS, samples::now()),
        rejected(RejectReason::TooLarge)
    );
    assert_eq!(
        deposit(&[0x82], PARAMS, samples::now()),
        rejected(RejectReason::Malformed)
    );
}

#[test]
fn a_receipt_is_signed_by_the_peer_that_it_names() {
    let good = samples::receipt();
    assert_eq!(receipt(good.clone()).unwrap().value(), good.value());
    let foreign = Signed::sign(good.value().clone(), &finder_key(1));
    assert_eq!(receipt(foreign), rejected(RejectReason::BadSignature));
    let unnamed = Receipt {
        mailbox: Peer::new(&[1, 2, 3]).unwrap(),
        ..good.value().clone()
    };
    assert!(Receipt::decode(&unnamed.encode()).is_err());
}

#[test]
fn a_peer_id_holds_its_key() {
    let key = SigningKey::from_seed(&[0x44; 32]).public();
    assert_eq!(Peer::from_ed25519(&key).ed25519(), Some(key));
    assert_eq!(Peer::new(&[0; 38]).and_then(|peer| peer.ed25519()), None);
    assert_eq!(Peer::new(&[]), None);
    assert_eq!(Peer::new(&[0; 65]), None);
}
