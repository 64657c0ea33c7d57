//! Every number of the protocol, named, with a sentence.
//!
//! Numbers that peers must agree on change only together with the topic names. The same numbers stand in
//! `docs/PROTOCOL.md`; a test compares that table with [`TABLE`].

mod local;

pub use local::*;

/// One line of the table of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The constant's name.
    pub name: &'static str,
    /// Its value.
    pub value: u64,
    /// What it bounds and what happens beyond it.
    pub meaning: &'static str,
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $ty:ty = $value:expr;)+) => {
        $($(#[doc = $doc])+ pub const $name: $ty = $value;)+

        /// All limits in the order of this file.
        pub const TABLE: &[Limit] = &[
            $(Limit { name: stringify!($name), value: $name as u64, meaning: concat!($($doc),+) },)+
        ];
    };
}

limits! {
    // Messages.
    /// Bytes of a message on a sky topic; a longer one is rejected before it is parsed.
    SKY_MESSAGE_BYTES_MAX: usize = 8 * 1024;
    /// Bytes of a message on the catch topic; a longer one is rejected before it is parsed.
    CATCH_MESSAGE_BYTES_MAX: usize = 1024;
    /// Bytes of a header payload; a longer one is rejected before it is parsed.
    HEADER_BYTES_MAX: usize = 2 * 1024;
    /// Bytes of a claim payload; a longer one is rejected before it is parsed.
    CLAIM_BYTES_MAX: usize = 256;
    /// Bytes of a throw-back, withdrawal or recast payload; a longer one is rejected before it is parsed.
    CATCH_PAYLOAD_BYTES_MAX: usize = 512;
    /// Nested lists and maps in any one encoding; a deeper one is rejected.
    NESTING_MAX: usize = 6;
    /// Shards of the sky; the shard is the low bits of the first byte of the author key.
    SKY_SHARDS: u8 = 16;
    /// Bytes of a libp2p peer id; a longer one is refused.
    PEER_BYTES_MAX: usize = 64;

    // Header fields.
    /// Places of a bottle at most; a header with more is rejected.
    SLOTS_MAX: u8 = 8;
    /// Places of a bottle unless its author chooses otherwise.
    SLOTS_DEFAULT: u8 = 3;
    /// Epochs that a bottle drifts at most (30 days); a header with more is rejected.
    TTL_EPOCHS_MAX: u32 = 30 * 144;
    /// Epochs that a bottle drifts unless its author chooses otherwise (7 days).
    TTL_EPOCHS_DEFAULT: u32 = 7 * 144;
    /// Letters of a language tag at most; a header with more is rejected.
    LANG_BYTES_MAX: usize = 8;
    /// Extension entries in one `x`; more are rejected.
    EXTENSIONS_MAX: usize = 16;
    /// Bytes of all extension entries, four counted for each besides its value; more are rejected.
    EXTENSION_BYTES_MAX: usize = 256;
    /// Bytes in a body key of a kind that this version does not know; more are rejected.
    UNKNOWN_KEY_BYTES_MAX: usize = 256;

    // Body and text.
    /// Bytes of a sealed body at most, padding included; a longer one is rejected.
    BODY_SEALED_BYTES_MAX: usize = 6144;
    /// Bytes of a body block at most: the sealed body and its byte string head.
    BODY_BLOCK_BYTES_MAX: usize = 6144 + 3;
    /// Bytes of an opened body at most; a longer one is not shown.
    BODY_PLAIN_BYTES_MAX: usize = 6 * 1024;
    /// User-perceived characters of a bottle's text at most; the composer refuses more.
    TEXT_GRAPHEMES_MAX: usize = 1_000;
    /// UTF-8 bytes of a bottle's text at most; the composer refuses more.
    TEXT_BYTES_MAX: usize = 4_000;
    /// User-perceived characters under which the writer gets a nudge.
    TEXT_SHORT_GRAPHEMES: usize = 20;
    /// The same for text that is mostly Chinese, Japanese or Korean.
    TEXT_SHORT_GRAPHEMES_CJK: usize = 8;
    /// Combining marks on one base character; further ones are stripped.
    COMBINING_MARKS_MAX: usize = 4;
    /// User-perceived characters of a nickname at most; the composer refuses more.
    NICK_GRAPHEMES_MAX: usize = 24;
    /// UTF-8 bytes of a nickname at most; the composer refuses more.
    NICK_BYTES_MAX: usize = 96;
    /// Tags on a bottle at most; the composer refuses more.
    TAGS_MAX: usize = 5;
    /// User-perceived characters of one tag at most; the composer refuses more.
    TAG_GRAPHEMES_MAX: usize = 24;
    /// UTF-8 bytes of one tag at most; the composer refuses more.
    TAG_BYTES_MAX: usize = 96;

    // Stamps and claims.
    /// Leading zero bits of every stamp; a header below is rejected.
    STAMP_BITS_FLOOR: u32 = 20;
    /// Leading zero bits of every claim's work; a claim below is rejected.
    CLAIM_BITS_FLOOR: u32 = 18;
    /// Bits by which an admission level may stand above its floor.
    ADMISSION_RISE_MAX: u32 = 12;
    /// New headers a minute in one shard, above which the admission level rises.
    SHARD_HEADERS_PER_MINUTE: u32 = 120;
    /// New catch messages a minute, above which the admission level rises.
    CATCH_MESSAGES_PER_MINUTE: u32 = 1_200;
    /// Recasts of a bottle at most; a later one is rejected.
    RECASTS_MAX: u8 = 3;
    /// Throw-backs in a chain at most; a deeper one is rejected.
    THROW_BACK_DEPTH_MAX: u8 = 4;
    /// Milliseconds by which a claim's tick may lie in the past on arrival by gossip; an older one is ignored.
    CLAIM_PAST_MS: u64 = 10_000;
    /// Milliseconds by which a claim's tick may lie in the future; a later one is ignored.
    CLAIM_FUTURE_MS: u64 = 5_000;
    /// Milliseconds after a claim's tick until its catch is shown as confirmed.
    CLAIM_SETTLE_MS: u64 = 2_000;
    /// Epochs by which `thrown_at` may differ from the local clock on arrival by gossip; others are ignored.
    THROWN_AT_SLACK_EPOCHS: u32 = 1;

    // Sync and bodies.
    /// Bytes of a sync request; a longer one closes the stream.
    SYNC_REQUEST_BYTES_MAX: usize = 64 * 1024;
    /// Bytes of a sync answer; the answerer leaves out what does not fit.
    SYNC_ANSWER_BYTES_MAX: usize = 256 * 1024;
    /// Bytes of one reconciliation message inside a sync request or answer.
    RECONCILE_BYTES_MAX: usize = 60 * 1024;
    /// Items in one fetch; more are refused.
    SYNC_FETCH_ITEMS_MAX: usize = 128;
    /// Bottles in one sync answer; more are refused.
    SYNC_ENTRIES_MAX: usize = 128;
    /// Catch messages with one bottle in a sync answer; more are refused.
    SYNC_CATCH_MAX: usize = 320;
    /// Milliseconds between two reconciliations with a random neighbour.
    SYNC_INTERVAL_MS: u64 = 60_000;
    /// Rounds of one reconciliation; after them it ends unfinished.
    SYNC_ROUNDS_MAX: u32 = 16;
    /// Bytes of a body request; a longer one closes the stream.
    BODY_REQUEST_BYTES_MAX: usize = 2 * 1024;
    /// Bytes of a body answer; the answerer leaves out what does not fit.
    BODY_ANSWER_BYTES_MAX: usize = 256 * 1024;
    /// Bodies in one request or answer; more are refused.
    BODY_FETCH_MAX: usize = 32;

    // Letters and mail.
    /// UTF-8 bytes of a letter's text; the composer refuses more.
    LETTER_TEXT_BYTES_MAX: usize = 2_000;
    /// Bytes of an opened letter; a longer one is not shown.
    LETTER_PLAIN_BYTES_MAX: usize = 4 * 1024;
    /// Bytes of a sealed letter's ciphertext, padding and tag included; a longer one is rejected.
    LETTER_SEALED_BYTES_MAX: usize = 4096;
    /// Bytes of an envelope; a longer one is rejected before it is parsed.
    ENVELOPE_BYTES_MAX: usize = 4096 + 320;
    /// Bytes of a deposit; a longer one is rejected before it is parsed.
    DEPOSIT_BYTES_MAX: usize = 8 * 1024;
    /// Bytes of a receipt payload; a longer one is rejected before it is parsed.
    RECEIPT_BYTES_MAX: usize = 512;
    /// Bytes of a mail request; a longer one closes the stream.
    MAIL_REQUEST_BYTES_MAX: usize = 8 * 1024 + 64;
    /// Bytes of a mail answer; the mailbox leaves out what does not fit.
    MAIL_ANSWER_BYTES_MAX: usize = 256 * 1024;
    /// Letters in one mail answer; more are refused.
    MAIL_LETTERS_MAX: usize = 64;
    /// Stickers to choose a light from.
    LIGHTS: u8 = 6;
    /// Letters in one thread, the light and the first letter counted; the thread ends there.
    THREAD_LETTERS_MAX: u8 = 32;
    /// Letters that a mailbox keeps for one bottle; beyond it the least work is evicted.
    LETTERS_PER_BOTTLE_MAX: usize = 64;
    /// Letters that a collector wants in the bucket of its prefix, so that the mailbox does not learn its address.
    MAIL_BUCKET_MIN: u32 = 64;
    /// Milliseconds for which a mailbox keeps a letter (14 days); then it expires.
    LETTER_KEEP_MS: u64 = 14 * 24 * 3_600_000;
    /// Receipts after which the outbox stops retrying.
    RECEIPTS_WANTED: usize = 2;
    /// Closest peers, besides the bootstrap servers, at which a letter is deposited.
    MAILBOX_PEERS: usize = 4;

    // Invites.
    /// Addresses in one invite; more are refused.
    INVITE_ADDRS_MAX: usize = 8;
    /// Bytes of one address in an invite; a longer one is refused.
    INVITE_ADDR_BYTES_MAX: usize = 256;
    /// Characters of an invite code; a longer one is refused before it is parsed.
    INVITE_CODE_CHARS_MAX: usize = 8 * 1024;

    // The game of finding.
    /// Throws a day.
    THROWS_PER_DAY: u32 = 3;
    /// Throws a day at most, with one more for each stranger answered.
    THROWS_PER_DAY_MAX: u32 = 6;
    /// Bottles opened a day at most.
    OPENS_PER_DAY: u32 = 8;
    /// Places in the hold.
    HOLD_PLACES: usize = 6;
    /// Milliseconds until a missed stone may fall again (6 hours).
    FALL_AGAIN_MS: u64 = 6 * 3_600_000;
    /// Times that a stone may fall at most.
    FALLS_MAX: u8 = 3;
    /// Milliseconds after its k-th claim until an unanswered bottle may be recast (24 hours).
    RECAST_AFTER_MS: u64 = 24 * 3_600_000;
}

/// Lengths that a sealed body can have; another length is rejected.
pub const BODY_SIZE_CLASSES: [usize; 6] = [256, 512, 1024, 2048, 4096, 6144];

/// Lengths that a letter's ciphertext can have; another length is rejected.
pub const LETTER_SIZE_CLASSES: [usize; 4] = [512, 1024, 2048, 4096];
