//! Own bottles, claims, collection, drafts, core rows.

use meteorite_protocol::time::UnixMillis;
use meteorite_store::{
    ClaimState, ClaimUse, CollectionKind, CoreRow, DraftRow, FallRow, OwnProgress, OwnState, OwnStore as _,
    OwnWrite, Unit,
};

use crate::support::{bottle, collected, memory, own_bottle, own_claim};

#[tokio::test]
async fn own_bottles_come_back_newest_first_with_their_progress() {
    let db = memory().await;
    let unit = (0..3).fold(Unit::new("throw"), |unit, n| {
        unit.with(OwnWrite::PutOwnBottle(Box::new(own_bottle(n))))
    });
    db.commit(unit).await.unwrap();
    let progress = OwnProgress {
        state: OwnState::Caught,
        handed: 5,
        seen: 3,
        caught: 2,
        answers: 1,
        recasts: 1,
    };
    db.commit(Unit::new("seen").with(OwnWrite::SetOwnBottleState {
        bottle: bottle(1),
        progress,
    }))
    .await
    .unwrap();
    let mut changed = own_bottle(1);
    changed.progress = progress;
    assert_eq!(
        db.own_bottles().await.unwrap(),
        [own_bottle(2), changed.clone(), own_bottle(0)]
    );

    // A second put replaces all of it.
    changed.words.text = "rewritten".into();
    changed.progress.state = OwnState::Withdrawn;
    let unit = Unit::new("again").with(OwnWrite::PutOwnBottle(Box::new(changed.clone())));
    db.commit(unit.with(OwnWrite::DeleteOwnBottle(bottle(0))))
        .await
        .unwrap();
    assert_eq!(db.own_bottle(&bottle(1)).await.unwrap(), Some(changed));
    assert_eq!(db.own_bottle(&bottle(0)).await.unwrap(), None);
}

#[tokio::test]
async fn a_claim_keeps_its_secret_and_what_was_used() {
    let db = memory().await;
    let put = |n| OwnWrite::PutOwnClaim(Box::new(own_claim(n)));
    db.commit(Unit::new("open").with(put(1)).with(put(2)))
        .await
        .unwrap();
    let claimant = own_claim(1).claimant;
    let unit = Unit::new("used")
        .with(OwnWrite::SetOwnClaimState {
            claimant,
            state: ClaimState::Displaced,
        })
        .with(OwnWrite::SetOwnClaimUsed {
            claimant,
            what: ClaimUse::Light,
        });
    db.commit(unit).await.unwrap();
    let mut expected = own_claim(1);
    expected.state = ClaimState::Displaced;
    expected.light_sent = true;
    assert_eq!(db.own_claims_of(&bottle(1)).await.unwrap(), [expected.clone()]);
    assert_eq!(db.own_claims().await.unwrap(), [own_claim(2), expected]);
}

#[tokio::test]
async fn the_collection_pages_by_kind_and_time() {
    let db = memory().await;
    let mut unit = Unit::new("collect");
    for n in 0..25 {
        let kind = if n % 5 == 0 {
            CollectionKind::Fragment
        } else {
            CollectionKind::Kept
        };
        unit.push(OwnWrite::PutCollection(Box::new(collected(
            n,
            kind,
            "a quiet shore",
        ))));
    }
    db.commit(unit).await.unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = db.collection_page(CollectionKind::Kept, after, 6).await.unwrap();
        seen.extend(page.rows.into_iter().map(|row| row.bottle));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..25).rev().filter(|n| n % 5 != 0).map(bottle).collect();
    assert_eq!(seen, expected);
    assert_eq!(
        db.collection_page(CollectionKind::Opened, None, 6)
            .await
            .unwrap()
            .rows,
        []
    );
    assert!(db.collected(&bottle(5)).await.unwrap().is_some());
    db.commit(Unit::new("remove").with(OwnWrite::DeleteCollection(bottle(5))))
        .await
        .unwrap();
    assert!(db.collected(&bottle(5)).await.unwrap().is_none());
}

#[tokio::test]
async fn search_looks_into_text_names_tags_and_notes() {
    let db = memory().await;
    let mut noted = collected(3, CollectionKind::Opened, "nothing special");
    noted.note = "remember the Lighthouse".into();
    let unit = Unit::new("collect")
        .with(OwnWrite::PutCollection(Box::new(collected(
            1,
            CollectionKind::Kept,
            "A LIGHTHOUSE in the fog",
        ))))
        .with(OwnWrite::PutCollection(Box::new(collected(
            2,
            CollectionKind::Kept,
            "流れ星を見た",
        ))))
        .with(OwnWrite::PutCollection(Box::new(noted)));
    db.commit(unit).await.unwrap();
    let find = |words: &'static str| {
        let db = db.clone();
        async move {
            let found = db.search_collection(words, 10).await.unwrap();
            found.into_iter().map(|row| row.bottle).collect::<Vec<_>>()
        }
    };
    assert_eq!(find("lighthouse").await, [bottle(3), bottle(1)]);
    assert_eq!(find("流れ星").await, [bottle(2)]);
    assert_eq!(find("NIGHT TRAIN").await.len(), 3, "a tag of all three");
    assert_eq!(find("moss").await.len(), 3, "the nickname");
    assert!(find("whale").await.is_empty());
    assert_eq!(db.search_collection("moss", 2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn drafts_falls_and_core_rows_replace_and_go() {
    let db = memory().await;
    let draft = |text: &str, at| {
        OwnWrite::PutDraft(DraftRow {
            draft: "bottle".into(),
            text: text.into(),
            changed: UnixMillis(at),
        })
    };
    let core = |row: u8, state: &[u8]| CoreRow {
        core: "economy".into(),
        row: vec![row],
        state: state.into(),
    };
    let fall = |n, last| {
        OwnWrite::PutFall(FallRow {
            bottle: bottle(n),
            times: 1,
            last: UnixMillis(last),
        })
    };
    let unit = Unit::new("mixed")
        .with(draft("dear", 1))
        .with(draft("dear stranger", 2))
        .with(OwnWrite::PutCoreRow(core(2, b"two")))
        .with(OwnWrite::PutCoreRow(core(1, b"one")))
        .with(OwnWrite::PutCoreRow(core(1, b"one again")))
        .with(fall(1, 10))
        .with(fall(2, 20));
    db.commit(unit).await.unwrap();
    assert_eq!(&*db.drafts().await.unwrap()[0].text, "dear stranger");
    assert_eq!(
        db.core_rows("economy").await.unwrap(),
        [core(1, b"one again"), core(2, b"two")]
    );
    assert!(db.core_rows("mine").await.unwrap().is_empty());

    let unit = Unit::new("gone")
        .with(OwnWrite::DeleteDraft("bottle".into()))
        .with(OwnWrite::DeleteCoreRow {
            core: "economy".into(),
            row: vec![1],
        })
        .with(OwnWrite::DeleteFallsBefore(UnixMillis(15)));
    db.commit(unit).await.unwrap();
    assert!(db.drafts().await.unwrap().is_empty());
    assert_eq!(db.core_rows("economy").await.unwrap(), [core(2, b"two")]);
    let falls = db.falls().await.unwrap();
    assert_eq!(
        falls.iter().map(|fall| fall.bottle).collect::<Vec<_>>(),
        [bottle(2)]
    );
}
