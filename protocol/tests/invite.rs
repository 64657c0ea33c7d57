//! Invite codes.

use meteorite_protocol::invite::{Invite, InviteError};
use meteorite_protocol::limits;
use meteorite_protocol::time::UnixMillis;
use proptest::prelude::*;

fn sample() -> Invite {
    Invite {
        addrs: vec![
            "/ip4/192.0.2.1/udp/4001/quic-v1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA".into(),
        ],
        expires: UnixMillis(2_000),
        notice: None,
    }
}

#[test]
fn a_code_survives_copying() {
    let code = sample().to_code().unwrap();
    assert!(code.starts_with("METEOR-"));
    assert_eq!(Invite::parse(&code), Ok(sample()));
    assert_eq!(Invite::parse(&code.to_lowercase()), Ok(sample()));
    assert_eq!(Invite::parse(code.strip_prefix("METEOR-").unwrap()), Ok(sample()));
    let wrapped: String = code
        .chars()
        .enumerate()
        .flat_map(|(i, c)| if i % 9 == 8 { vec!['\n', ' ', c] } else { vec![c] })
        .collect();
    assert_eq!(Invite::parse(&wrapped), Ok(sample()));
    let confused = code.replace('O', "0").replace('I', "1").replace('B', "8");
    assert_eq!(Invite::parse(&confused), Ok(sample()));
}

#[test]
fn every_typo_is_found() {
    let code = sample().to_code().unwrap();
    for at in "METEOR-".len()..code.len() {
        let letter = if &code[at..=at] == "Q" { "R" } else { "Q" };
        let typo = [&code[..at], letter, &code[at + 1..]].concat();
        assert_eq!(Invite::parse(&typo), Err(InviteError::Typo), "at {at}");
    }
    assert_eq!(Invite::parse(&code[..code.len() - 8]), Err(InviteError::Typo));
}

#[test]
fn each_failure_has_its_own_words() {
    let code = sample().to_code().unwrap();
    assert_eq!(Invite::from_code(&code, UnixMillis(1_999)), Ok(sample()));
    assert_eq!(
        Invite::from_code(&code, UnixMillis(2_000)),
        Err(InviteError::Expired)
    );
    assert_eq!(Invite::parse(""), Err(InviteError::Empty));
    assert_eq!(Invite::parse("METEOR-"), Err(InviteError::Empty));
    assert_eq!(Invite::parse("METEOR-AB?"), Err(InviteError::BadCharacter('?')));
    assert_eq!(
        Invite::parse(&"A".repeat(limits::INVITE_CODE_CHARS_MAX + 1)),
        Err(InviteError::TooLong)
    );
    assert_eq!(
        Invite::parse(&encoded(2, b"anything at all")),
        Err(InviteError::NewerVersion)
    );
    assert_eq!(
        Invite::parse(&encoded(1, b"anything at all")),
        Err(InviteError::Broken)
    );
    assert_eq!(Invite::parse(&encoded(0, b"")), Err(InviteError::Broken));
    for error in [
        InviteError::Typo,
        InviteError::Expired,
        InviteError::NewerVersion,
        InviteError::Empty,
    ] {
        assert!(error.to_string().ends_with('.'), "{error}");
    }
}

#[test]
fn only_addresses_of_peers_are_invited_to() {
    let with = |addrs: Vec<String>| Invite { addrs, ..sample() }.to_code();
    let good = sample().addrs.remove(0);
    assert!(with(vec![good.clone(); 8]).is_ok());
    assert!(with(vec![good.clone(); 9]).is_err());
    assert!(with(vec![]).is_err());
    assert!(with(vec!["/ip4/192.0.2.1/tcp/1".into()]).is_err());
    assert!(with(vec![format!("{good}\n")]).is_err());
    assert!(with(vec![format!("{good}{}", "a".repeat(300))]).is_err());
    let longest = format!("/dns/{}/p2p/x", "a".repeat(256 - 12));
    let code = with(vec![longest; 8]).unwrap();
    assert!(code.len() <= limits::INVITE_CODE_CHARS_MAX);
}

/// A code of any version with a right checksum.
fn encoded(version: u8, payload: &[u8]) -> String {
    let content = [&[version], payload].concat();
    let sum = blake3::Hasher::new()
        .update(b"meteorite/invite")
        .update(&content)
        .finalize();
    let raw = [&content[..], &sum.as_bytes()[..5]].concat();
    format!("METEOR-{}", data_encoding::BASE32_NOPAD.encode(&raw))
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        prop_assert!(Invite::parse(&text).is_err());
    }
}
