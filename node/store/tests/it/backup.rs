//! Export and import: everything of an identity, nothing of the cache, twice is once.

use meteorite_protocol::time::UnixMillis;
use meteorite_store::{
    BlockKind, BlockedRow, CollectionKind, CoreRow, Db, DraftRow, EXPORT_VERSION, Export, HiddenRow,
    HideReason, Imported, LetterWrite, MailWatchRow, MetaWrite, ModerationWrite, OwnStore as _, OwnWrite,
    ReceiptRow, ReportRow, SkyStore as _, SkyWrite, StoreError, Unit,
};

use crate::support::{
    bottle, collected, deposit, header, letter, memory, own_bottle, own_claim, peer, received, thread,
};

async fn full() -> Db {
    let db = memory().await;
    let receipt = ReceiptRow {
        letter: letter(1),
        mailbox: peer(1),
        receipt: vec![1; 90],
        got: UnixMillis(1),
        until: UnixMillis(2),
    };
    let watch = MailWatchRow {
        address: deposit(1).address,
        bottle: bottle(1),
        next: UnixMillis(1),
        until: UnixMillis(2),
    };
    let report = ReportRow {
        report: [1; 32],
        bottle: bottle(3),
        reason: 1,
        at: UnixMillis(1),
        evidence: vec![1, 2, 3].into(),
        note: "n".into(),
    };
    let own = Unit::new("own")
        .with(OwnWrite::PutOwnBottle(Box::new(own_bottle(1))))
        .with(OwnWrite::PutOwnBottle(Box::new(own_bottle(2))))
        .with(OwnWrite::PutOwnClaim(Box::new(own_claim(3))))
        .with(OwnWrite::PutCoreRow(CoreRow {
            core: "mine".into(),
            row: vec![1],
            state: vec![5; 9].into(),
        }))
        .with(OwnWrite::PutCoreRow(CoreRow {
            core: "hold".into(),
            row: vec![1],
            state: vec![6; 9].into(),
        }))
        .with(OwnWrite::PutCollection(Box::new(collected(
            4,
            CollectionKind::Kept,
            "kept",
        ))))
        .with(OwnWrite::PutCollection(Box::new(collected(
            5,
            CollectionKind::Fragment,
            "",
        ))))
        .with(OwnWrite::PutDraft(DraftRow {
            draft: "bottle".into(),
            text: "dear".into(),
            changed: UnixMillis(1),
        }));
    let letters = Unit::new("letters")
        .with(LetterWrite::PutDeposit(Box::new(deposit(1))))
        .with(LetterWrite::PutReceipt(receipt))
        .with(LetterWrite::PutThread(Box::new(thread(1))))
        .with(LetterWrite::PutLetter(Box::new(received(1, 1, "hello"))))
        .with(LetterWrite::PutMailWatch(watch));
    let hidden = HiddenRow {
        bottle: bottle(9),
        reason: HideReason::Reported,
        at: UnixMillis(1),
    };
    let blocked = BlockedRow {
        kind: BlockKind::Author,
        key: [9; 32],
        at: UnixMillis(1),
    };
    let rest = Unit::new("rest")
        .with(MetaWrite::PutSetting {
            name: "lang".into(),
            value: "es".into(),
        })
        .with(ModerationWrite::PutHidden(hidden))
        .with(ModerationWrite::PutBlocked(blocked))
        .with(ModerationWrite::PutReport(Box::new(report)))
        .with(SkyWrite::PutHeader(Box::new(header(1))));
    for unit in [own, letters, rest] {
        db.commit(unit).await.unwrap();
    }
    db
}

/// Rows of [`full`] that belong to the identity.
const ROWS: usize = 8 + 5 + 4;

#[tokio::test]
async fn an_export_arrives_whole_and_twice_is_once() {
    let export = full().await.export_rows().await.unwrap();
    assert_eq!(export.version, EXPORT_VERSION);
    let db = memory().await;
    let first = db.import_rows(export.clone()).await.unwrap();
    assert_eq!(
        first,
        Imported {
            added: ROWS,
            known: 0
        }
    );
    assert_eq!(db.export_rows().await.unwrap(), export);
    assert_eq!(db.sky_counts().await.unwrap().all, 0, "no cache travels");
    let second = db.import_rows(export.clone()).await.unwrap();
    assert_eq!(
        second,
        Imported {
            added: 0,
            known: ROWS
        }
    );
    assert_eq!(db.export_rows().await.unwrap(), export);
}

#[tokio::test]
async fn what_is_here_already_wins() {
    let export = full().await.export_rows().await.unwrap();
    let db = memory().await;
    let mut mine = own_bottle(1);
    mine.words.text = "newer here".into();
    db.commit(Unit::new("mine").with(OwnWrite::PutOwnBottle(Box::new(mine.clone()))))
        .await
        .unwrap();
    let imported = db.import_rows(export).await.unwrap();
    assert_eq!(
        imported,
        Imported {
            added: ROWS - 1,
            known: 1
        }
    );
    assert_eq!(db.own_bottles().await.unwrap(), [own_bottle(2), mine]);
}

#[tokio::test]
async fn an_export_survives_its_encoding() {
    let export = full().await.export_rows().await.unwrap();
    let encoded = serde_ipld_dagcbor::to_vec(&export).unwrap();
    let decoded: Export = serde_ipld_dagcbor::from_slice(&encoded).unwrap();
    assert_eq!(decoded, export);
}

#[tokio::test]
async fn a_newer_format_is_refused_untouched() {
    let mut export = full().await.export_rows().await.unwrap();
    export.version = EXPORT_VERSION + 1;
    let db = memory().await;
    let error = db.import_rows(export).await.unwrap_err();
    assert!(matches!(error, StoreError::NewerExport { found: 2 }), "{error:?}");
    assert!(db.own_bottles().await.unwrap().is_empty());
}
