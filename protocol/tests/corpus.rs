//! The fuzz corpora, replayed on stable: whatever a fuzzer once found stays found.

#![expect(clippy::disallowed_methods, reason = "corpora are files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::root::Root;
use meteorite_crypto::vault::{self, KdfParams, Kind};
use meteorite_protocol::control::frame::{self, Line, Question};
use meteorite_protocol::control::{Notice, Reply, Request};
use meteorite_protocol::fuzzing::{TARGETS, unknown_key};
use meteorite_protocol::ids::ItemHash;
use meteorite_protocol::invite::Invite;
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::wire::{
    AddressPrefix, BodyAnswer, BodyRequest, CatchMessage, Extensions, Letter, LetterContent, MailAnswer,
    MailRequest, RefuseReason, SyncAnswer, SyncEntry, SyncRequest, Wire as _,
};

use crate::samples;

fn corpus() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is"))
        .join("../tests/fuzz/corpus")
}

/// A target, a name, and the bytes.
type Seed = (&'static str, &'static str, Vec<u8>);

/// Real encodings to start from.
fn seeds() -> Vec<Seed> {
    let bottle = samples::plain();
    let mut all = of_bottles(&bottle);
    all.extend(of_letters(&bottle));
    all.extend(of_questions(&bottle));
    all.extend(of_people());
    all.extend(control_lines());
    all
}

fn of_bottles(bottle: &samples::Bottle) -> Vec<Seed> {
    let message = &bottle.message;
    let future = bottle.with_header(|header| {
        header.key = unknown_key();
        header.x = Extensions::new(vec![(1, vec![1])]).unwrap();
    });
    let catches = bottle.catches();
    let names = ["claim", "throw_back", "withdrawal", "recast"];
    let mut all = vec![
        ("header", "plain", message.header.payload().to_vec()),
        ("header", "future", future.header.payload().to_vec()),
        ("sky", "plain", message.encode()),
        ("sky", "future", future.encode()),
        ("body", "plain", bottle.body.encode()),
        ("body", "block", message.body.as_slice().to_vec()),
    ];
    for (name, message) in names.into_iter().zip(&catches) {
        all.push(("claim", name, CatchMessage::encode(message)));
    }
    all
}

fn of_letters(bottle: &samples::Bottle) -> Vec<Seed> {
    let collect = MailRequest::Collect {
        prefix: AddressPrefix::of(&[0xab; 32].into(), 9),
        cursor: 3,
    };
    let letters = MailAnswer::Letters {
        letters: vec![bottle.deposit(1).encode().into()],
        next: 4,
        more: false,
        bucket: 1,
    };
    let light = Letter {
        content: LetterContent::Light(2),
        ..samples::letter()
    };
    let deposit = MailRequest::Deposit(bottle.deposit(1).encode().into());
    let receipt = MailAnswer::Receipt(samples::receipt());
    vec![
        ("letter", "text", samples::letter().encode()),
        ("letter", "light", light.encode()),
        ("deposit", "deposit", bottle.deposit(1).encode()),
        ("deposit", "receipt", samples::receipt().encode()),
        ("mail", "deposit", deposit.encode()),
        ("mail", "collect", collect.encode()),
        ("mail", "receipt", receipt.encode()),
        (
            "mail",
            "refused",
            MailAnswer::Refused(RefuseReason::Full).encode(),
        ),
        ("mail", "letters", letters.encode()),
    ]
}

fn of_questions(bottle: &samples::Bottle) -> Vec<Seed> {
    let message = &bottle.message;
    let entry = SyncEntry(
        message.header.payload().into(),
        *message.header.signature(),
        bottle.catches().iter().map(|c| c.encode().into()).collect(),
    );
    let fetch = SyncRequest::Fetch {
        items: vec![ItemHash([1; 32])],
    };
    let reconcile = SyncRequest::Reconcile {
        msg: vec![0x61, 0, 0].into(),
    };
    let request = BodyRequest {
        ids: vec![message.body.id()],
    };
    let answer = BodyAnswer {
        blocks: vec![message.body.as_slice().into()],
    };
    vec![
        ("sync", "fetch", fetch.encode()),
        ("sync", "reconcile", reconcile.encode()),
        ("sync", "entries", SyncAnswer::Entries(vec![entry]).encode()),
        ("sync", "busy", SyncAnswer::Busy.encode()),
        ("body_fetch", "request", request.encode()),
        ("body_fetch", "answer", answer.encode()),
    ]
}

fn of_people() -> Vec<Seed> {
    let invite = Invite {
        addrs: vec!["/ip4/192.0.2.1/tcp/1/p2p/12D3Koo".into()],
        expires: UnixMillis(9),
        notice: None,
    };
    let mixed = "Cafe\u{301} 海 👩\u{200d}🚀\r\n\u{202e}x,#tag";
    let params = KdfParams::fast_for_tests();
    let key_file = KeyFile::new(Root::from_bytes(&[1; 32]), 7, &mut samples::rng(1));
    let key_file = key_file.seal("passphrase", params, &mut samples::rng(2));
    let backup = vault::seal(
        Kind::Backup,
        "passphrase",
        b"backup",
        params,
        &mut samples::rng(3),
    );
    vec![
        ("invite", "payload", invite.encode()),
        ("invite", "code", invite.to_code().unwrap().into_bytes()),
        ("text", "mixed", mixed.as_bytes().to_vec()),
        ("key_file", "key_file", key_file.unwrap()),
        ("vault", "backup", backup.unwrap()),
    ]
}

/// What a program and a node say to each other.
fn control_lines() -> Vec<Seed> {
    let question = |request| frame::encode(&Question { id: 7, request }).unwrap();
    let answer = |reply| frame::encode(&Line::Answer { id: 7, reply }).unwrap();
    let throw = Request::Throw {
        text: "a \u{1f30a}\nline".into(),
        nick: Some("Ann".into()),
        tags: vec!["sea".into()],
        slots: Some(3),
        days: None,
        lang: Some("en".into()),
        sure: false,
    };
    let notice = Notice::PeerUp {
        peer: "12D3Koo".into(),
        peers: 3,
    };
    vec![
        ("control", "throw", question(throw)),
        ("control", "hold", question(Request::Hold)),
        ("control", "done", answer(Reply::Done)),
        ("control", "invite", answer(Reply::Invite("mdb1code".into()))),
        ("control", "notice", frame::encode(&Line::Notice(notice)).unwrap()),
    ]
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    if std::env::var_os("UPDATE_CORPUS").is_some() {
        for (target, name, bytes) in seeds() {
            fs::create_dir_all(corpus().join(target)).unwrap();
            fs::write(corpus().join(target).join(name), bytes).unwrap();
        }
    }
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for target in &targets {
        let files = fs::read_dir(corpus().join(target))
            .map(Iterator::count)
            .unwrap_or(0);
        assert!(
            files > 0,
            "tests/fuzz/corpus/{target} is empty; run with UPDATE_CORPUS=1"
        );
    }
}

#[test]
fn the_seeds_are_the_real_encodings() {
    for (target, name, bytes) in seeds() {
        let stored = fs::read(corpus().join(target).join(name)).unwrap_or_default();
        assert_eq!(
            hex::encode(stored),
            hex::encode(bytes),
            "{target}/{name}; run with UPDATE_CORPUS=1"
        );
    }
}

#[test]
fn nothing_in_the_corpora_panics() {
    for (name, target) in TARGETS {
        let mut files: Vec<_> = fs::read_dir(corpus().join(name))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            target(&fs::read(&file).unwrap());
        }
    }
}
