//! Snapshots of every wire type: the bytes, and what they say. A change here is a change of the protocol.

use meteorite_protocol::ids::{BodyId, Signature};
use meteorite_protocol::invite::Invite;
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::wire::{
    AddressPrefix, Body, BodyAnswer, BodyRequest, CatchMessage, Extensions, Letter, LetterContent,
    MailAnswer, MailRequest, Place, RefuseReason, SyncAnswer, SyncEntry, SyncRequest, Wire as _,
};

use crate::diagnostic::{hex_lines, notation};
use crate::samples;

/// Shows the bytes, and payloads inside them, in hex and in words.
fn golden(name: &str, bytes: &[u8], inner: &[(&str, &[u8])]) {
    let mut shown = format!(
        "{} bytes\n\n{}\n\n{}\n",
        bytes.len(),
        hex_lines(bytes),
        notation(bytes)
    );
    for (what, payload) in inner {
        shown.push_str(&format!("\n{what}:\n{}\n", notation(payload)));
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../snapshots");
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

#[test]
fn sky_message() {
    let message = samples::plain().message;
    golden(
        "sky_message",
        &message.encode(),
        &[("header", message.header.payload())],
    );
}

#[test]
fn sky_message_with_extension_and_unknown_key() {
    let message = samples::plain().with_header(|header| {
        header.x = Extensions::new(vec![(1, vec![0xaa, 0xbb]), (500, vec![])]).unwrap();
        header.key = meteorite_protocol::fuzzing::unknown_key();
        header.stamp_lag = 1;
    });
    golden(
        "sky_message_of_the_future",
        &message.encode(),
        &[("header", message.header.payload())],
    );
}

#[test]
fn body() {
    let body = Body {
        text: "海的那边有人吗？".to_owned(),
        nick: Some("Möwe".to_owned()),
        tags: vec!["sea".to_owned(), "night".to_owned()],
        x: Extensions::default(),
    };
    golden("body", &body.encode(), &[]);
}

#[test]
fn catch_messages() {
    let bottle = samples::plain();
    for (name, message) in ["claim", "throw_back", "withdrawal", "recast"]
        .iter()
        .zip(bottle.catches())
    {
        let bytes = message.encode();
        let payload = match &message {
            CatchMessage::Claim(signed) => signed.payload(),
            CatchMessage::ThrowBack(signed) => signed.payload(),
            CatchMessage::Withdrawal(signed) => signed.payload(),
            CatchMessage::Recast(signed) => signed.payload(),
        };
        golden(&format!("catch_{name}"), &bytes, &[("payload", payload)]);
    }
    let after = bottle.claim(2, Place::After(bottle.throw_back(1).value().id()));
    golden(
        "catch_claim_after",
        &CatchMessage::Claim(after.clone()).encode(),
        &[("payload", after.payload())],
    );
}

#[test]
fn letters() {
    golden("letter_text", &samples::letter().encode(), &[]);
    let light = Letter {
        content: LetterContent::Light(4),
        ..samples::letter()
    };
    golden("letter_light", &light.encode(), &[]);
    let drift = Letter {
        content: LetterContent::Drift,
        keep: false,
        ..samples::letter()
    };
    golden("letter_drift", &drift.encode(), &[]);
}

#[test]
fn deposit_and_receipt() {
    let mut deposit = samples::plain().deposit(1).value().clone();
    // The seal draws on another crate's use of randomness, which is not what is frozen here.
    deposit.envelope.enc = [0x55; 32].into();
    deposit.envelope.ct = vec![0x66; 512].into();
    let deposit = meteorite_protocol::wire::Signed::sign(deposit, &samples::finder_key(1));
    golden("deposit", &deposit.encode(), &[("payload", deposit.payload())]);
    let signer = meteorite_crypto::sign::SigningKey::from_seed(&[0x44; 32]);
    let receipt = meteorite_protocol::wire::Receipt {
        letter: deposit.letter_id(),
        ..samples::receipt().value().clone()
    };
    let receipt = meteorite_protocol::wire::Signed::sign(receipt, &signer);
    golden("receipt", &receipt.encode(), &[("payload", receipt.payload())]);
    golden("mail_answer_receipt", &MailAnswer::Receipt(receipt).encode(), &[]);
}

#[test]
fn sync() {
    golden(
        "sync_reconcile",
        &SyncRequest::Reconcile {
            msg: vec![0x61, 0, 1].into(),
        }
        .encode(),
        &[],
    );
    golden(
        "sync_fetch",
        &SyncRequest::Fetch {
            items: vec![[1; 32].into(), [2; 32].into()],
        }
        .encode(),
        &[],
    );
    golden(
        "sync_answer_reconcile",
        &SyncAnswer::Reconcile {
            msg: vec![0x61].into(),
        }
        .encode(),
        &[],
    );
    golden("sync_answer_busy", &SyncAnswer::Busy.encode(), &[]);
    let entry = SyncEntry(
        vec![1, 2, 3].into(),
        Signature([4; 64]),
        vec![vec![5].into(), vec![6, 7].into()],
    );
    let answer = SyncAnswer::Entries(vec![entry.clone()]);
    assert!(answer.encode().len() <= entry.encoded_len() + 12);
    golden("sync_answer_entries", &answer.encode(), &[]);
}

#[test]
fn body_fetch() {
    golden(
        "body_request",
        &BodyRequest {
            ids: vec![BodyId::of(b"a"), BodyId::of(b"b")],
        }
        .encode(),
        &[],
    );
    golden(
        "body_answer",
        &BodyAnswer {
            blocks: vec![vec![0x41, 0xff].into()],
        }
        .encode(),
        &[],
    );
}

#[test]
fn mail() {
    golden(
        "mail_deposit",
        &MailRequest::Deposit(vec![0x82].into()).encode(),
        &[],
    );
    let prefix = AddressPrefix::of(&[0xab; 32].into(), 12);
    golden(
        "mail_collect",
        &MailRequest::Collect { prefix, cursor: 77 }.encode(),
        &[],
    );
    golden(
        "mail_answer_refused",
        &MailAnswer::Refused(RefuseReason::Taken).encode(),
        &[],
    );
    let letters = MailAnswer::Letters {
        letters: vec![vec![1].into()],
        next: 78,
        more: true,
        bucket: 64,
    };
    golden("mail_answer_letters", &letters.encode(), &[]);
}

#[test]
fn invite() {
    let invite = Invite {
        addrs: vec![
            "/ip4/203.0.113.7/udp/4001/quic-v1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
                .into(),
        ],
        expires: UnixMillis(1_800_000_000_000),
        notice: Some([7; 32].into()),
    };
    golden("invite", &invite.encode(), &[]);
    let code = "METEOR-AGRWKYLEMRZHHALYLIXWS4BUF4ZDAMZOGAXDCMJTFY3S65LEOAXTIMBQGEXXC5LJMMWXMMJPOAZHALZRGJCDGS3PN5LUIM3FMNVWSZSXOBJG4OLXKFYE2RZZKI4WQWBTONCDCNJYPI3UK4KIK5WXOZKRIFFFKNKTIFTG433UNFRWKWBAA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DWOZLYOBUXEZLTDMAAAANDDBOFAADZAB5CMPQ";
    assert_eq!(invite.to_code().as_deref(), Ok(code));
}
