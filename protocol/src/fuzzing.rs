//! One function for each decoder, shared by the fuzz targets (`tests/fuzz`) and the corpus replay on stable.
//!
//! Each takes any bytes and must return: no panic, no unbounded recursion, no allocation beyond [`crate::limits`]. What
//! decodes must encode to the same bytes and go through validation. Not part of the API.

use std::fmt::Debug;

use meteorite_crypto::body::{BodyKey, open_body};
use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::vault::{self, Kind};

use crate::control::frame;
use crate::ids::{AuthorKey, BottleId, Signature};
use crate::invite::Invite;
use crate::text;
use crate::time::{Epoch, Now, UnixMillis};
use crate::topic::Topic;
use crate::validate::{self, Arrival, BottleFacts, Cost, Gate, Known, Params};
use crate::wire::{
    Body, BodyAnswer, BodyBlock, BodyKeyKind, BodyRequest, CatchMessage, Claim, Deposit, Envelope, Header,
    Letter, MailAnswer, MailRequest, Recast, Receipt, Signed, SkyMessage, SyncAnswer, SyncRequest, ThrowBack,
    Wire, Withdrawal,
};

/// A decoder under test: its name (and that of its corpus) and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets of this crate.
pub const TARGETS: &[Target] = &[
    ("header", header),
    ("sky", sky),
    ("body", body),
    ("claim", claim),
    ("letter", letter),
    ("deposit", deposit),
    ("sync", sync),
    ("body_fetch", body_fetch),
    ("mail", mail),
    ("invite", invite),
    ("text", text),
    ("key_file", key_file),
    ("vault", vault),
    ("control", control),
];

/// A header payload.
pub fn header(data: &[u8]) {
    decoded::<Header>(data);
    if let Ok(signed) = Signed::<Header>::from_parts(data.to_vec(), Signature([0; 64])) {
        let known = Everything {
            header: Some(signed.value().clone()),
        };
        judged(&known, |gate| {
            drop(validate::entry(data, &Signature([0; 64]), gate))
        });
    }
}

/// A message on a sky topic.
pub fn sky(data: &[u8]) {
    let known = Everything { header: None };
    if let Ok(message) = SkyMessage::decode(data) {
        assert_eq!(message.encode(), data);
        let topic = Topic::of_author(&message.header.value().author);
        judged(&known, |gate| drop(validate::sky(data, topic, gate)));
    }
    judged(&known, |gate| drop(validate::sky(data, Topic::Sky(0), gate)));
}

/// A body block, and the plaintext of a body.
pub fn body(data: &[u8]) {
    decoded::<Body>(data);
    if let Ok(block) = BodyBlock::new(data.to_vec()) {
        assert_eq!(BodyBlock::from_sealed(block.sealed()).as_ref(), Ok(&block));
        drop(open_body(&BodyKey::from_bytes(&[7; 32]), block.sealed(), b"aad"));
    }
    drop(open_body(&BodyKey::from_bytes(&[7; 32]), data, b"aad"));
}

/// A message on the catch topic, and each payload in it.
pub fn claim(data: &[u8]) {
    decoded::<Claim>(data);
    decoded::<ThrowBack>(data);
    decoded::<Withdrawal>(data);
    decoded::<Recast>(data);
    let known = Everything { header: None };
    if let Ok(message) = CatchMessage::decode(data) {
        assert_eq!(message.encode(), data);
    }
    judged(&known, |gate| drop(validate::catch(data, gate)));
}

/// The plaintext of a letter.
pub fn letter(data: &[u8]) {
    decoded::<Letter>(data);
}

/// An envelope, a deposit and a receipt.
pub fn deposit(data: &[u8]) {
    decoded::<Envelope>(data);
    decoded::<Deposit>(data);
    decoded::<Receipt>(data);
    if let Ok(deposit) = Signed::<Deposit>::decode(data) {
        assert_eq!(deposit.encode(), data);
        assert_ne!(deposit.letter_id().0, deposit.value().address().0);
    }
    if let Ok(receipt) = Signed::<Receipt>::decode(data) {
        assert_eq!(receipt.encode(), data);
        drop(validate::receipt(receipt));
    }
    drop(validate::deposit(data, &Params::for_tests(), now()));
}

/// Requests and answers of `/meteorite/sync/1`, and what is in them.
pub fn sync(data: &[u8]) {
    decoded::<SyncRequest>(data);
    if let Some(SyncAnswer::Entries(entries)) = decoded::<SyncAnswer>(data) {
        let known = Everything { header: None };
        for entry in &entries {
            judged(&known, |gate| {
                drop(validate::entry(entry.header_payload(), entry.signature(), gate))
            });
            for message in entry.catch() {
                judged(&known, |gate| drop(validate::catch(message.as_slice(), gate)));
            }
        }
    }
}

/// Requests and answers of `/meteorite/body/1`.
pub fn body_fetch(data: &[u8]) {
    decoded::<BodyRequest>(data);
    if let Some(answer) = decoded::<BodyAnswer>(data) {
        for block in answer.blocks {
            drop(BodyBlock::new(block.0));
        }
    }
}

/// Requests and answers of `/meteorite/mail/1`.
pub fn mail(data: &[u8]) {
    if let Some(MailRequest::Collect { prefix, .. }) = decoded::<MailRequest>(data) {
        assert!(prefix.matches(&prefix.first()) && prefix.matches(&prefix.last()));
    }
    decoded::<MailAnswer>(data);
}

/// An invite code.
pub fn invite(data: &[u8]) {
    decoded::<Invite>(data);
    if let Ok(code) = std::str::from_utf8(data)
        && let Ok(invite) = Invite::from_code(code, UnixMillis(0))
    {
        let again = invite.to_code().map(|code| Invite::parse(&code));
        assert_eq!(again, Ok(Ok(invite)));
    }
}

/// What a person writes.
pub fn text(data: &[u8]) {
    let raw = String::from_utf8_lossy(data);
    for cleaned in [text::clean(&raw), text::clean_line(&raw)] {
        assert_eq!(text::clean(&cleaned), cleaned);
        assert!(!cleaned.chars().any(|c| c.is_control() && c != '\n'));
    }
    if let Ok(composed) = text::compose(text::TextKind::Bottle, &raw) {
        assert!(text::advise(&composed).is_none_or(|advice| !advice.to_string().is_empty()));
    }
    drop(text::compose_tags(raw.split(',')));
}

/// A key file.
pub fn key_file(data: &[u8]) {
    drop(KeyFile::open("passphrase", &cheap(data)));
}

/// A backup.
pub fn vault(data: &[u8]) {
    drop(vault::open(Kind::Backup, "passphrase", &cheap(data)));
}

/// One line on the control socket, read from either end.
pub fn control(data: &[u8]) {
    if let Ok(question) = frame::decode_question(data) {
        let line = frame::encode(&question);
        let again = line.map(|line| frame::decode_question(&line).ok());
        assert_eq!(again.ok().flatten(), Some(question));
    }
    if let Ok(line) = frame::decode_line(data) {
        // Scores are floats, and JSON may move their last digit: it must be readable again, not equal.
        let again = frame::encode(&line).map(|line| frame::decode_line(&line).is_ok());
        assert!(matches!(again, Ok(true)));
    }
}

/// The value of `data`, if it has one; then it must be the only form.
fn decoded<T: Wire + Debug>(data: &[u8]) -> Option<T> {
    let value = T::decode(data).ok()?;
    assert_eq!(value.encode(), data);
    assert!(data.len() <= T::BYTES_MAX);
    drop(format!("{value:?}"));
    Some(value)
}

/// Runs with gossip and with sync.
fn judged(known: &Everything, judge: impl Fn(&Gate<'_>)) {
    let params = Params::for_tests();
    for arrival in [Arrival::Gossip, Arrival::Sync] {
        judge(&Gate {
            params: &params,
            now: now(),
            arrival,
            admission_bits: 0,
            known,
        });
    }
}

/// The moment at which the corpora were made.
fn now() -> Now {
    Now::new(0, CORPUS_EPOCH.start().plus_ms(1_000))
}

/// A vault with its cost turned down: opening honest costs would measure Argon2 and find nothing.
fn cheap(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    if data.starts_with(b"METEORVT")
        && let Some(cost) = data.get_mut(10..16)
    {
        cost.copy_from_slice(&[0, 0, 0, 8, 1, 1]);
    }
    data
}

/// A state that knows every bottle and has seen nothing.
struct Everything {
    header: Option<Header>,
}

impl Known for Everything {
    fn has_header(&self, _: &BottleId) -> bool {
        false
    }

    fn other_bottle(&self, _: &AuthorKey, _: &BottleId) -> Option<BottleId> {
        None
    }

    fn bottle(&self, _: &BottleId) -> Option<BottleFacts> {
        let plain = BottleFacts {
            author: AuthorKey([1; 32]),
            reply_to: [2; 32].into(),
            slots: 3,
            thrown_at: CORPUS_EPOCH,
            expires_at: CORPUS_EPOCH.plus(1_008),
            sunk: false,
        };
        Some(self.header.as_ref().map_or(plain, BottleFacts::of))
    }

    fn has_catch(&self, _: &CatchMessage) -> bool {
        false
    }

    fn has_budget(&self, _: &Cost) -> bool {
        true
    }
}

/// The epoch in which the sample bottles were thrown.
pub const CORPUS_EPOCH: Epoch = Epoch(2_945_000);

/// What an unknown body key looks like, so that corpora and tests agree on one.
#[must_use]
pub fn unknown_key() -> BodyKeyKind {
    BodyKeyKind::Unknown {
        kind: 9,
        data: vec![0xa5; 48].into(),
    }
}
