//! No word and no secret lies readable on the disk, and sealed values open only where they were put.

use std::fs;

use meteorite_protocol::time::UnixMillis;
use meteorite_store::{
    CollectionKind, CoreRow, Db, DraftRow, LetterStore as _, LetterWrite, ModerationWrite, OwnStore as _,
    OwnWrite, PrivateText, ReportRow, Unit,
};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::support::{self, bottle, collected, home, key, open, own_bottle, own_claim, received, thread};

const PLANTED: &str = "planted-words-7f3a";

/// One unit with a planted text or secret in every sealed column.
fn planted() -> Unit {
    let text = |place: &str| PrivateText::new(format!("{PLANTED} {place}"));
    let secret = || format!("{PLANTED} secret bytes").into_bytes().into();
    let mut own = own_bottle(1);
    own.words.text = text("own");
    own.words.nick = text("nick");
    own.words.tags = vec![text("tag")];
    own.message = secret();
    let mut claim = own_claim(1);
    claim.secret = secret();
    let mut opened = collected(2, CollectionKind::Kept, &text("opened"));
    opened.note = text("note");
    opened.header = secret();
    let mut thread = thread(1);
    thread.pet_name = text("pet name");
    thread.reply_secret = secret();
    let mut letter = received(1, 1, &text("letter"));
    letter.reply_secret = secret();
    let report = ReportRow {
        report: [1; 32],
        bottle: bottle(3),
        reason: 1,
        at: UnixMillis(1),
        evidence: secret(),
        note: text("report"),
    };
    Unit::new("planted")
        .with(OwnWrite::PutOwnBottle(Box::new(own)))
        .with(OwnWrite::PutOwnClaim(Box::new(claim)))
        .with(OwnWrite::PutCollection(Box::new(opened)))
        .with(OwnWrite::PutDraft(DraftRow {
            draft: "bottle".into(),
            text: text("draft"),
            changed: UnixMillis(1),
        }))
        .with(OwnWrite::PutCoreRow(CoreRow {
            core: "mine".into(),
            row: vec![1],
            state: secret(),
        }))
        .with(LetterWrite::PutThread(Box::new(thread)))
        .with(LetterWrite::PutLetter(Box::new(letter)))
        .with(ModerationWrite::PutReport(Box::new(report)))
}

fn files_with(folder: &std::path::Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if fs::read(&path)
            .unwrap()
            .windows(needle.len())
            .any(|window| window == needle)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn no_planted_word_is_found_in_any_file() {
    let home = home();
    let folder = home.path.parent().unwrap().to_owned();
    let db = open(&home).await;
    db.commit(planted()).await.unwrap();
    db.commit(Unit::new("again").with(LetterWrite::PutMailWatch(watch())))
        .await
        .unwrap();
    assert!(
        fs::metadata(folder.join("meteorite.db-wal")).unwrap().len() > 0,
        "the log holds the rows"
    );
    assert_eq!(
        files_with(&folder, PLANTED.as_bytes()),
        Vec::<String>::new(),
        "while open"
    );
    // The search itself works: an unsealed column is found.
    assert!(!files_with(&folder, &watch().address.0).is_empty());

    let copy = folder.join("copy.db");
    db.snapshot(&copy).await.unwrap();
    db.close().await.unwrap();
    assert_eq!(
        files_with(&folder, PLANTED.as_bytes()),
        Vec::<String>::new(),
        "after closing"
    );

    let db = open(&home).await;
    assert!(db.own_bottles().await.unwrap()[0].words.text.starts_with(PLANTED));
    assert!(
        db.search_collection("PLANTED-words", 5).await.unwrap()[0]
            .words
            .text
            .starts_with(PLANTED)
    );
}

fn watch() -> meteorite_store::MailWatchRow {
    meteorite_store::MailWatchRow {
        address: support::bytes(77, 1).into(),
        bottle: bottle(1),
        next: UnixMillis(1),
        until: UnixMillis(2),
    }
}

#[tokio::test]
async fn a_sealed_value_moved_to_another_row_hides_that_row_only() {
    let home = home();
    let db = open(&home).await;
    let unit = (1..=3).fold(Unit::new("three"), |unit, n| {
        unit.with(OwnWrite::PutOwnBottle(Box::new(own_bottle(n))))
    });
    db.commit(unit).await.unwrap();
    db.close().await.unwrap();

    let mut conn = SqliteConnectOptions::new()
        .filename(&home.path)
        .connect()
        .await
        .unwrap();
    sqlx::query("UPDATE own_bottles SET text_sealed = (SELECT text_sealed FROM own_bottles WHERE bottle = ?1) WHERE bottle = ?2")
        .bind(bottle(1).as_ref())
        .bind(bottle(2).as_ref())
        .execute(&mut conn)
        .await
        .unwrap();
    conn.close().await.unwrap();

    let db = open(&home).await;
    assert_eq!(db.own_bottles().await.unwrap(), [own_bottle(3), own_bottle(1)]);
    let error = db.own_bottle(&bottle(2)).await.unwrap_err();
    assert!(error.is_about_one_row(), "{error:?}");
}

#[tokio::test]
async fn without_the_key_sealed_rows_do_not_open() {
    let home = home();
    let db = open(&home).await;
    db.commit(planted()).await.unwrap();
    db.close().await.unwrap();
    let db = Db::open(&home.path, None).await.unwrap();
    assert!(db.own_bottles().await.is_err());
    assert!(db.threads().await.is_err());
    db.close().await.unwrap();
    drop(Db::open(&home.path, Some(key())).await.unwrap());
}
