//! Arbitrary valid values of every wire type.

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::ids::{BodyId, Nonce, Peer, ReplyKey};
use meteorite_protocol::invite::Invite;
use meteorite_protocol::limits;
use meteorite_protocol::time::{Epoch, Tick, UnixMillis};
use meteorite_protocol::wire::{
    AddressPrefix, Body, BodyAnswer, BodyKeyKind, BodyRequest, Bytes, Claim, Deposit, Envelope, Extensions,
    Gist, Header, Lang, Letter, LetterContent, MailAnswer, MailRequest, Mood, Place, Recast, Receipt,
    RefuseReason, Side, Signed, SyncAnswer, SyncEntry, SyncRequest, ThrowBack,
};
use proptest::array::{uniform8, uniform16, uniform32};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) fn bytes(max: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..=max).prop_map(Bytes)
}

pub(crate) fn extensions() -> impl Strategy<Value = Extensions> {
    proptest::collection::btree_map(any::<u16>(), vec(any::<u8>(), 0..=12), 0..=limits::EXTENSIONS_MAX)
        .prop_map(|entries| Extensions::new(entries.into_iter().collect()).unwrap())
}

fn body_key() -> impl Strategy<Value = BodyKeyKind> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(BodyKeyKind::Open),
        (1_u8.., bytes(limits::UNKNOWN_KEY_BYTES_MAX))
            .prop_map(|(kind, data)| BodyKeyKind::Unknown { kind, data }),
    ]
}

prop_compose! {
    fn times()(thrown_at in 1_u32..u32::MAX - limits::TTL_EPOCHS_MAX, ttl in 1..=limits::TTL_EPOCHS_MAX, lag in 0..=1_u8)
        -> (Epoch, u32, u8) {
        (Epoch(thrown_at), ttl, lag)
    }
}

prop_compose! {
    fn looks()(mood in uniform8(any::<u8>()), tone in any::<u8>(), lang in "[a-z]{2,8}", gist in vec(any::<i8>(), 64),
        length in 1..=limits::TEXT_GRAPHEMES_MAX as u16, art in any::<u16>())
        -> (Mood, u8, Lang, Gist, u16, u16) {
        (Mood(mood), tone, Lang::new(&lang).unwrap(), Gist(gist.try_into().unwrap()), length, art)
    }
}

prop_compose! {
    pub(crate) fn header()(nonce in uniform16(any::<u8>()), body in uniform32(any::<u8>()),
        body_len in 1..=limits::BODY_BLOCK_BYTES_MAX as u16, key in body_key(), looks in looks(),
        slots in 1..=limits::SLOTS_MAX, times in times(), keys in any::<([u8; 32], [u8; 32])>(), stamp in any::<u64>(),
        x in extensions()) -> Header {
        let (mood, tone, lang, gist, length, art) = looks;
        let (thrown_at, ttl, stamp_lag) = times;
        Header {
            v: Header::VERSION, nonce: Nonce(nonce), body: BodyId(body), body_len, key, mood, tone, lang, gist, length,
            art, slots, thrown_at, ttl, author: keys.0.into(), reply_to: keys.1.into(), stamp, stamp_lag, x,
        }
    }
}

pub(crate) fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Root),
        any::<[u8; 32]>().prop_map(|id| Place::After(id.into())),
        (1..=limits::RECASTS_MAX).prop_map(Place::Recast),
    ]
}

prop_compose! {
    pub(crate) fn claim()(bottle in any::<[u8; 32]>(), place in place(), claimant in any::<[u8; 32]>(), t in any::<u64>(),
        work in any::<u64>()) -> Claim {
        Claim { bottle: bottle.into(), place, claimant: claimant.into(), t: Tick(t), work }
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

prop_compose! {
    pub(crate) fn throw_back()(claim in claim(), deep in 2..=limits::THROW_BACK_DEPTH_MAX) -> ThrowBack {
        let depth = if matches!(claim.place, Place::After(_)) { deep } else { 1 };
        ThrowBack { claim: Signed::sign(claim, &key()), depth }
    }
}

prop_compose! {
    pub(crate) fn recast()(bottle in any::<[u8; 32]>(), n in 1..=limits::RECASTS_MAX) -> Recast {
        Recast { bottle: bottle.into(), n }
    }
}

pub(crate) fn body() -> impl Strategy<Value = Body> {
    (
        ".{1,300}",
        option::of(".{0,20}"),
        vec(".{0,20}", 0..=limits::TAGS_MAX),
        extensions(),
    )
        .prop_map(|(text, nick, tags, x)| Body { text, nick, tags, x })
}

pub(crate) fn letter() -> impl Strategy<Value = Letter> {
    let content = prop_oneof![
        (0..limits::LIGHTS).prop_map(LetterContent::Light),
        ".{1,300}".prop_map(LetterContent::Text),
        Just(LetterContent::Drift),
        (3_u8.., bytes(100)).prop_map(|(kind, data)| LetterContent::Unknown { kind, data }),
    ];
    (content, any::<[u8; 32]>(), any::<bool>(), extensions()).prop_map(|(content, reply_key, keep, x)| {
        Letter {
            v: Letter::VERSION,
            content,
            reply_key: ReplyKey(reply_key),
            keep,
            x,
        }
    })
}

prop_compose! {
    pub(crate) fn envelope()(nonce in any::<[u8; 16]>(), bottle in any::<[u8; 32]>(), seq in 0..limits::THREAD_LETTERS_MAX,
        author in any::<bool>(), keys in any::<([u8; 32], [u8; 32])>(),
        class in proptest::sample::select(&limits::LETTER_SIZE_CLASSES[..])) -> Envelope {
        let from = if author && seq > 1 { Side::Author } else { Side::Finder };
        Envelope {
            v: Envelope::VERSION, nonce: nonce.into(), bottle: bottle.into(), seq, from, to: keys.0.into(),
            enc: keys.1.into(), ct: vec![seq; class].into(),
        }
    }
}

prop_compose! {
    pub(crate) fn deposit()(header in header(), claim in claim(), envelope in envelope()) -> Deposit {
        Deposit { header: Signed::sign(header, &key()), claim: Signed::sign(claim, &key()), envelope }
    }
}

prop_compose! {
    pub(crate) fn receipt()(ids in any::<([u8; 32], [u8; 32])>(), until in any::<u64>(), mailbox in any::<[u8; 32]>())
        -> Receipt {
        Receipt {
            address: ids.0.into(), letter: ids.1.into(), until: UnixMillis(until), mailbox: Peer::from_ed25519(&mailbox),
        }
    }
}

pub(crate) fn sync_request() -> impl Strategy<Value = SyncRequest> {
    prop_oneof![
        bytes(500).prop_map(|msg| SyncRequest::Reconcile { msg }),
        vec(any::<[u8; 32]>(), 0..=limits::SYNC_FETCH_ITEMS_MAX).prop_map(|items| SyncRequest::Fetch {
            items: items.into_iter().map(Into::into).collect()
        }),
    ]
}

pub(crate) fn sync_answer() -> impl Strategy<Value = SyncAnswer> {
    let entry =
        (bytes(300), vec(any::<u8>(), 64), vec(bytes(200), 0..5)).prop_map(|(payload, signature, catch)| {
            SyncEntry(payload, signature.as_slice().try_into().unwrap(), catch)
        });
    prop_oneof![
        bytes(500).prop_map(|msg| SyncAnswer::Reconcile { msg }),
        vec(entry, 0..8).prop_map(SyncAnswer::Entries),
        Just(SyncAnswer::Busy),
    ]
}

pub(crate) fn body_request() -> impl Strategy<Value = BodyRequest> {
    vec(any::<[u8; 32]>(), 0..=limits::BODY_FETCH_MAX).prop_map(|ids| BodyRequest {
        ids: ids.into_iter().map(BodyId).collect(),
    })
}

pub(crate) fn body_answer() -> impl Strategy<Value = BodyAnswer> {
    vec(bytes(600), 0..=8).prop_map(|blocks| BodyAnswer { blocks })
}

pub(crate) fn mail_request() -> impl Strategy<Value = MailRequest> {
    prop_oneof![
        bytes(600).prop_map(MailRequest::Deposit),
        (any::<[u8; 32]>(), 0..=256_u16, any::<u64>()).prop_map(|(address, bits, cursor)| {
            MailRequest::Collect {
                prefix: AddressPrefix::of(&address.into(), bits),
                cursor,
            }
        }),
    ]
}

pub(crate) fn mail_answer() -> impl Strategy<Value = MailAnswer> {
    let reason = prop_oneof![
        Just(RefuseReason::Busy),
        Just(RefuseReason::Denied),
        (6_u8..).prop_map(RefuseReason::Other)
    ];
    prop_oneof![
        receipt().prop_map(|receipt| MailAnswer::Receipt(Signed::sign(receipt, &key()))),
        reason.prop_map(MailAnswer::Refused),
        (vec(bytes(200), 0..8), any::<u64>(), any::<bool>(), any::<u32>()).prop_map(
            |(letters, next, more, bucket)| MailAnswer::Letters {
                letters,
                next,
                more,
                bucket
            }
        ),
    ]
}

pub(crate) fn invite() -> impl Strategy<Value = Invite> {
    let addr = "/ip4/[0-9.]{7,15}/udp/[0-9]{1,5}/quic-v1/p2p/[A-Za-z0-9]{52}";
    (
        vec(addr, 1..=limits::INVITE_ADDRS_MAX),
        any::<u64>(),
        option::of(any::<[u8; 32]>()),
    )
        .prop_map(|(addrs, expires, notice)| Invite {
            addrs,
            expires: UnixMillis(expires),
            notice: notice.map(Into::into),
        })
}
