//! Hidden, blocked, reported, denied.

use meteorite_protocol::time::UnixMillis;
use meteorite_store::{
    BlockKind, BlockedRow, HiddenRow, HideReason, ModerationStore as _, ModerationWrite, ReportRow, Unit,
};

use crate::support::{bottle, memory};

#[tokio::test]
async fn hiding_and_blocking_can_be_undone() {
    let db = memory().await;
    let hidden = |n| HiddenRow {
        bottle: bottle(n),
        reason: HideReason::User,
        at: UnixMillis(u64::from(n)),
    };
    let blocked = |kind, n: u8| BlockedRow {
        kind,
        key: [n; 32],
        at: UnixMillis(u64::from(n)),
    };
    let unit = Unit::new("block")
        .with(ModerationWrite::PutHidden(hidden(1)))
        .with(ModerationWrite::PutHidden(hidden(2)))
        .with(ModerationWrite::PutBlocked(blocked(BlockKind::Author, 1)))
        .with(ModerationWrite::PutBlocked(blocked(BlockKind::Thread, 1)));
    db.commit(unit).await.unwrap();
    let unit = Unit::new("undo")
        .with(ModerationWrite::DeleteHidden(bottle(1)))
        .with(ModerationWrite::DeleteBlocked {
            kind: BlockKind::Author,
            key: [1; 32],
        });
    db.commit(unit).await.unwrap();
    assert_eq!(db.hidden().await.unwrap(), [hidden(2)]);
    assert_eq!(db.blocked().await.unwrap(), [blocked(BlockKind::Thread, 1)]);
}

#[tokio::test]
async fn reports_keep_their_evidence_newest_first() {
    let db = memory().await;
    let report = |n: u8| ReportRow {
        report: [n; 32],
        bottle: bottle(u32::from(n)),
        reason: 3,
        at: UnixMillis(u64::from(n)),
        evidence: vec![n; 900].into(),
        note: "unkind".into(),
    };
    let unit = (1..=3).fold(Unit::new("report"), |unit, n| {
        unit.with(ModerationWrite::PutReport(Box::new(report(n))))
    });
    db.commit(unit).await.unwrap();
    assert_eq!(db.reports(2).await.unwrap(), [report(3), report(2)]);
}

#[tokio::test]
async fn a_denylist_is_replaced_as_a_whole_and_others_stay() {
    let db = memory().await;
    let set = |list: &str, digests: &[u8]| ModerationWrite::SetDenylist {
        list: list.to_owned(),
        digests: digests.iter().map(|n| [*n; 32]).collect(),
        at: UnixMillis(1),
    };
    db.commit(
        Unit::new("lists")
            .with(set("ours", &[1, 2, 2]))
            .with(set("theirs", &[2, 3])),
    )
    .await
    .unwrap();
    db.commit(Unit::new("lists").with(set("ours", &[4])))
        .await
        .unwrap();
    let mut denied = Vec::new();
    for n in 0..6 {
        if db.is_denied(&[n; 32]).await.unwrap() {
            denied.push(n);
        }
    }
    assert_eq!(denied, [2, 3, 4]);
    let mut loaded = Vec::new();
    assert_eq!(
        db.load_denylist(&mut |row| loaded.push((row.digest[0], row.list)))
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        loaded,
        [
            (2, "theirs".to_owned()),
            (3, "theirs".to_owned()),
            (4, "ours".to_owned())
        ]
    );
}
