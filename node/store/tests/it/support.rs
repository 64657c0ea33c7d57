//! Sample rows, all different by number.

use std::path::PathBuf;

use meteorite_crypto::storage::StorageKey;
use meteorite_protocol::ids::{
    AuthorKey, BodyId, BottleId, ClaimantKey, LetterId, MailAddress, Nonce, Peer, ReplyKey,
};
use meteorite_protocol::time::{Epoch, Tick, UnixMillis};
use meteorite_store::{
    ClaimState, CollectionKind, CollectionRow, Db, DepositRow, DepositState, HeaderFlags, HeaderRow,
    IndexRow, LetterKind, LetterRow, OwnBottleRow, OwnClaimRow, OwnProgress, OwnState, PrivateBody,
    PrivateText, ThreadId, ThreadRow, ThreadSide, Way, Wish,
};
use tempfile::TempDir;

/// A folder that is removed at the end, and the database path in it.
pub(crate) struct Home {
    /// Removes the folder when dropped.
    pub(crate) folder: TempDir,
    /// The database file.
    pub(crate) path: PathBuf,
}

/// A new folder.
pub(crate) fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("meteorite.db");
    Home { folder, path }
}

/// The storage key of all tests.
pub(crate) fn key() -> StorageKey {
    StorageKey::from_bytes(&[7; 32])
}

/// Opens the database of a folder with the key.
pub(crate) async fn open(home: &Home) -> Db {
    Db::open(&home.path, Some(key())).await.unwrap()
}

/// A database in memory with the key.
pub(crate) async fn memory() -> Db {
    Db::in_memory(Some(key())).await.unwrap()
}

/// 32 bytes that differ by kind and number.
pub(crate) fn bytes(kind: u8, n: u32) -> [u8; 32] {
    let mut bytes = [kind; 32];
    // Spread over the first byte, so that ids do not arrive in order.
    bytes[0] = n.wrapping_mul(0x9e37_79b1).to_be_bytes()[0];
    bytes[28..].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// A bottle id.
pub(crate) fn bottle(n: u32) -> BottleId {
    BottleId(bytes(1, n))
}

/// A body id.
pub(crate) fn body(n: u32) -> BodyId {
    BodyId(bytes(2, n))
}

/// A letter id.
pub(crate) fn letter(n: u32) -> LetterId {
    LetterId(bytes(3, n))
}

/// A peer.
pub(crate) fn peer(n: u32) -> Peer {
    Peer::from_ed25519(&bytes(4, n))
}

/// A header with a mood of its own.
pub(crate) fn header(n: u32) -> HeaderRow {
    let mut mood = [0; 8];
    mood[n as usize % 8] = 200;
    mood[(n as usize + 3) % 8] = 90;
    let langs = ["en", "zh", "es", "ja", "de"];
    HeaderRow {
        index: IndexRow {
            bottle: bottle(n),
            author: AuthorKey(bytes(5, n)),
            body: body(n),
            body_len: 1024,
            shard: (n % 16) as u8,
            thrown_at: Epoch(1_000 + n),
            expires_at: Epoch(2_000 + n),
            first_seen: UnixMillis(1_000_000 + u64::from(n / 3)),
            lang: langs[n as usize % langs.len()].to_owned(),
            mood,
            tone: (n % 5) as u8,
            art: (n % 1000) as u16,
            length: 80,
            slots: 3,
            bits: 20,
            flags: HeaderFlags::NONE,
        },
        payload: vec![(n % 251) as u8; 420],
        signature: vec![(n % 241) as u8; 64],
    }
}

/// The words of a bottle.
pub(crate) fn words(text: &str) -> PrivateBody {
    PrivateBody {
        text: text.into(),
        nick: "Moss".into(),
        tags: vec!["sea".into(), "night train".into()],
    }
}

/// An own bottle.
pub(crate) fn own_bottle(n: u32) -> OwnBottleRow {
    OwnBottleRow {
        bottle: bottle(n),
        nonce: Nonce([n as u8; 16]),
        body: body(n),
        message: vec![9; 700].into(),
        words: words(&format!("own text {n}")),
        created: UnixMillis(5_000 + u64::from(n)),
        thrown_at: Epoch(1_000),
        expires_at: Epoch(2_000),
        slots: 3,
        progress: OwnProgress {
            state: OwnState::Queued,
            handed: 0,
            seen: 0,
            caught: 0,
            answers: 0,
            recasts: 0,
        },
    }
}

/// An own claim.
pub(crate) fn own_claim(n: u32) -> OwnClaimRow {
    OwnClaimRow {
        claimant: ClaimantKey(bytes(6, n)),
        bottle: bottle(n),
        secret: vec![n as u8; 32].into(),
        claim: vec![8; 200],
        tick: Tick(77),
        made: UnixMillis(6_000 + u64::from(n)),
        state: ClaimState::Provisional,
        light_sent: false,
        letter_sent: false,
    }
}

/// A bottle of the collection.
pub(crate) fn collected(n: u32, kind: CollectionKind, text: &str) -> CollectionRow {
    CollectionRow {
        bottle: bottle(n),
        kind,
        opened: UnixMillis(7_000 + u64::from(n / 2)),
        header: vec![3; 400].into(),
        words: words(text),
        note: PrivateText::default(),
    }
}

/// A deposit.
pub(crate) fn deposit(n: u32) -> DepositRow {
    DepositRow {
        letter: letter(n),
        bottle: bottle(n),
        address: MailAddress(bytes(7, n)),
        deposit: vec![4; 900],
        state: DepositState::Queued,
        tries: 0,
        made: UnixMillis(8_000 + u64::from(n)),
        next: UnixMillis(8_100),
        until: UnixMillis(9_000_000),
    }
}

/// A thread.
pub(crate) fn thread(n: u32) -> ThreadRow {
    ThreadRow {
        thread: ThreadId(bytes(8, n)),
        bottle: bottle(n),
        claimant: ClaimantKey(bytes(6, n)),
        side: ThreadSide::Finder,
        my_wish: Wish::Keep,
        their_wish: Wish::Undecided,
        turns: 2,
        unread: 1,
        last: UnixMillis(9_000 + u64::from(n)),
        their_reply_key: Some(ReplyKey(bytes(9, n))),
        reply_secret: vec![11; 32].into(),
        pet_name: "the one with the lighthouse".into(),
    }
}

/// A letter received in a thread.
pub(crate) fn received(n: u32, of: u32, text: &str) -> LetterRow {
    LetterRow {
        letter: letter(n),
        thread: ThreadId(bytes(8, of)),
        bottle: bottle(of),
        way: Way::Received,
        seq: (n % 32) as u8,
        kind: LetterKind::Text,
        light: 0,
        is_read: false,
        at: UnixMillis(9_500 + u64::from(n)),
        reply_key: None,
        text: text.into(),
        reply_secret: vec![12; 32].into(),
    }
}
