//! One form for each value: everything else is refused.

use ipld_core::ipld::Ipld;
use meteorite_protocol::limits;
use meteorite_protocol::wire::{
    BodyBlock, BodyKeyKind, BodyRequest, CatchMessage, Extensions, Header, Lang, LetterContent, MailRequest,
    Place, RefuseReason, Signed, SkyMessage, SyncAnswer, SyncRequest, Wire, WireError,
};

use crate::samples;

fn header_bytes() -> Vec<u8> {
    samples::plain().message.header.payload().to_vec()
}

/// The header as a map, changed, encoded again by the generic encoder.
fn changed(change: impl FnOnce(&mut std::collections::BTreeMap<String, Ipld>)) -> Vec<u8> {
    let Ipld::Map(mut map) = serde_ipld_dagcbor::from_slice(&header_bytes()).unwrap() else {
        panic!("a header is a map");
    };
    change(&mut map);
    serde_ipld_dagcbor::to_vec(&Ipld::Map(map)).unwrap()
}

#[test]
fn the_generic_encoder_agrees() {
    assert_eq!(changed(|_| {}), header_bytes());
}

#[test]
fn trailing_and_missing_bytes_are_refused() {
    let bytes = header_bytes();
    assert_eq!(
        Header::decode(&[&bytes[..], &[0]].concat()),
        Err(WireError::Malformed)
    );
    for cut in 0..bytes.len() {
        assert!(Header::decode(&bytes[..cut]).is_err());
    }
}

#[test]
fn length_is_checked_before_anything_else() {
    let long = vec![0x81; limits::HEADER_BYTES_MAX + 1];
    let max = limits::HEADER_BYTES_MAX;
    assert_eq!(
        Header::decode(&long),
        Err(WireError::TooLarge { bytes: max + 1, max })
    );
    let long = vec![0; limits::SKY_MESSAGE_BYTES_MAX + 1];
    assert!(matches!(
        SkyMessage::decode(&long),
        Err(WireError::TooLarge { .. })
    ));
    assert!(matches!(
        CatchMessage::decode(&long),
        Err(WireError::TooLarge { .. })
    ));
    assert!(matches!(
        BodyBlock::new(long.clone()),
        Err(WireError::TooLarge { .. })
    ));
    assert!(matches!(
        Signed::<Header>::decode(&long),
        Err(WireError::TooLarge { .. })
    ));
}

#[test]
fn unknown_fields_are_refused_and_missing_ones_too() {
    let extra = changed(|map| drop(map.insert("zz".to_owned(), Ipld::Null)));
    assert_eq!(Header::decode(&extra), Err(WireError::Malformed));
    let nested = (0..50).fold(Ipld::Null, |inner, _| Ipld::List(vec![inner]));
    let deep = changed(|map| drop(map.insert("zz".to_owned(), nested)));
    assert_eq!(Header::decode(&deep), Err(WireError::TooDeep));
    for key in ["v", "nonce", "x", "stamp_lag", "tone"] {
        let missing = changed(|map| drop(map.remove(key)));
        assert_eq!(Header::decode(&missing), Err(WireError::Malformed), "{key}");
    }
}

#[test]
fn other_orders_of_keys_are_refused() {
    // {"n": 1, "bottle": …} is in order; the same with the long key first is not.
    let recast = samples::plain().recast(2);
    let bytes = recast.payload();
    assert_eq!(&bytes[..4], &[0xa2, 0x61, b'n', 0x02]);
    let swapped = [&bytes[..1], &bytes[4..], &bytes[1..4]].concat();
    assert!(meteorite_protocol::wire::Recast::decode(&swapped).is_err());
    let twice = [&[0xa3], &bytes[1..4], &bytes[1..]].concat();
    assert!(meteorite_protocol::wire::Recast::decode(&twice).is_err());
}

#[test]
fn longer_heads_are_refused() {
    let recast = samples::plain().recast(2);
    let bytes = recast.payload();
    let wide = [&bytes[..3], &[0x18, 0x02], &bytes[4..]].concat();
    assert_eq!(
        meteorite_protocol::wire::Recast::decode(&wide),
        Err(WireError::NotCanonical)
    );
    let indefinite = [&[0xbf], &bytes[1..], &[0xff]].concat();
    assert_eq!(
        meteorite_protocol::wire::Recast::decode(&indefinite),
        Err(WireError::Malformed)
    );
}

#[test]
fn enum_forms_that_the_library_would_accept_are_refused() {
    // {"busy": null} and the bare name of a variant that carries something.
    assert_eq!(SyncAnswer::decode(b"\x64busy"), Ok(SyncAnswer::Busy));
    assert!(SyncAnswer::decode(b"\xa1\x64busy\xf6").is_err());
    assert!(SyncAnswer::decode(b"\x69reconcile").is_err());
    assert!(SyncAnswer::decode(b"\x67entries\x80").is_err());
    assert!(SyncRequest::decode(b"\xa1\x65fetch\xa0").is_err());
}

#[test]
fn fields_have_their_ranges() {
    let refused = |key: &str, value: Ipld, field: &'static str| {
        let bytes = changed(|map| drop(map.insert(key.to_owned(), value)));
        assert_eq!(Header::decode(&bytes), Err(WireError::OutOfRange(field)), "{key}");
    };
    refused("v", Ipld::Integer(2), "v");
    refused("slots", Ipld::Integer(0), "slots");
    refused("slots", Ipld::Integer(9), "slots");
    refused("ttl", Ipld::Integer(0), "ttl");
    refused("ttl", Ipld::Integer(30 * 144 + 1), "ttl");
    refused("length", Ipld::Integer(0), "length");
    refused("length", Ipld::Integer(1001), "length");
    refused("stamp_lag", Ipld::Integer(2), "stamp_lag");
    refused("thrown_at", Ipld::Integer(i128::from(u32::MAX)), "thrown_at");
    refused("body_len", Ipld::Integer(6148), "body_len");
    let pair =
        |number: i128, bytes: usize| Ipld::List(vec![Ipld::Integer(number), Ipld::Bytes(vec![0; bytes])]);
    refused("x", Ipld::List(vec![pair(2, 1), pair(1, 1)]), "x");
    refused("x", Ipld::List(vec![pair(1, 1), pair(1, 1)]), "x");
    refused("x", Ipld::List(vec![pair(1, 253)]), "x");
    refused("key", pair(7, 257), "key");
}

#[test]
fn fields_have_their_types() {
    let refused = |key: &str, value: Ipld| {
        let bytes = changed(|map| drop(map.insert(key.to_owned(), value)));
        assert_eq!(Header::decode(&bytes), Err(WireError::Malformed), "{key}");
    };
    refused("lang", Ipld::String("EN".to_owned()));
    refused("lang", Ipld::String("e".to_owned()));
    refused("lang", Ipld::String("toolonglang".to_owned()));
    refused("nonce", Ipld::Bytes(vec![0; 15]));
    refused("tone", Ipld::Integer(256));
    refused("tone", Ipld::Integer(-1));
    refused("body", Ipld::Bytes(vec![0; 32]));
    let raw: cid::Cid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
        .parse()
        .unwrap();
    refused("body", Ipld::Link(raw));
    refused(
        "key",
        Ipld::List(vec![Ipld::Integer(0), Ipld::Bytes(vec![0; 31])]),
    );
    let many = (0..17)
        .map(|n| Ipld::List(vec![Ipld::Integer(n), Ipld::Bytes(vec![])]))
        .collect();
    refused("x", Ipld::List(many));
}

#[test]
fn what_is_not_known_yet_is_forwarded_only() {
    let bottle = samples::plain();
    assert!(!bottle.header().forward_only());
    let x = bottle.with_header(|header| header.x = Extensions::new(vec![(4, vec![1])]).unwrap());
    assert!(x.header.value().forward_only());
    let key = bottle.with_header(|header| header.key = meteorite_protocol::fuzzing::unknown_key());
    assert!(key.header.value().forward_only());
    assert_eq!(SkyMessage::decode(&key.encode()), Ok(key));
}

#[test]
fn lists_are_bounded() {
    let link = samples::plain().header().body;
    let ids = |count: usize| {
        BodyRequest {
            ids: vec![link; count],
        }
        .encode()
    };
    assert!(BodyRequest::decode(&ids(limits::BODY_FETCH_MAX)).is_ok());
    assert!(BodyRequest::decode(&ids(limits::BODY_FETCH_MAX + 1)).is_err());
    let items = |count: usize| {
        SyncRequest::Fetch {
            items: vec![[1; 32].into(); count],
        }
        .encode()
    };
    assert!(SyncRequest::decode(&items(limits::SYNC_FETCH_ITEMS_MAX)).is_ok());
    assert!(SyncRequest::decode(&items(limits::SYNC_FETCH_ITEMS_MAX + 1)).is_err());
}

#[test]
fn places_have_one_form() {
    assert_eq!(Place::from_bytes(&[0]), Some(Place::Root));
    for bytes in [
        &[][..],
        &[0, 0],
        &[1],
        &[1; 32],
        &[1; 34],
        &[2],
        &[2, 0],
        &[2, 4],
        &[2, 1, 0],
        &[3],
    ] {
        assert_eq!(Place::from_bytes(bytes), None, "{bytes:?}");
    }
}

#[test]
fn catch_messages_of_unknown_kinds_are_told_apart() {
    let claim = samples::plain().catches().remove(0).encode();
    let mut future = claim.clone();
    assert_eq!(future[1], 0);
    future[1] = 9;
    assert_eq!(CatchMessage::decode(&future), Err(WireError::UnknownKind(9)));
    let mut wrong = claim;
    wrong[1] = 2;
    assert_eq!(CatchMessage::decode(&wrong), Err(WireError::Malformed));
}

#[test]
fn body_blocks_have_the_size_classes() {
    for class in limits::BODY_SIZE_CLASSES {
        let block = BodyBlock::from_sealed(&vec![7; class]).unwrap();
        assert_eq!(block.sealed(), vec![7; class]);
        assert_eq!(block.as_slice().len(), class + 3);
        assert!(BodyBlock::from_sealed(&vec![7; class - 1]).is_err());
    }
    assert_eq!(limits::BODY_SIZE_CLASSES, meteorite_crypto::body::SEALED_SIZES);
    assert_eq!(
        limits::LETTER_SIZE_CLASSES,
        meteorite_crypto::letter::SEALED_SIZES
    );
}

#[test]
fn address_prefixes_have_one_form() {
    let collect = |bits: u8, bytes: &[u8]| {
        let head = [
            &b"\xa1\x67collect\xa2\x66cursor\x00\x66prefix\x82"[..],
            &[bits],
            &[0x40 + bytes.len() as u8],
        ];
        MailRequest::decode(&[&head.concat()[..], bytes].concat())
    };
    assert!(collect(0, &[]).is_ok());
    assert!(collect(4, &[0xf0]).is_ok());
    assert!(collect(4, &[0xf1]).is_err());
    assert!(collect(4, &[]).is_err());
    assert!(collect(8, &[0xff, 0x00]).is_err());
    assert!(collect(16, &[0xff, 0x01]).is_ok());
}

#[test]
fn names_of_things_are_short() {
    assert_eq!(Lang::new("zh").unwrap().as_str(), "zh");
    assert_eq!(Lang::default().as_str(), "und");
    assert_eq!(
        format!("{:?}", LetterContent::Text("secret".to_owned())),
        "Text(6 bytes)"
    );
    assert_eq!(format!("{:?}", BodyKeyKind::Open([1; 32])), "Open(…)");
    assert_eq!(RefuseReason::Other(7), RefuseReason::Other(7));
}
