//! What falls is chosen for its reader, explained in a sentence, remembered on the device, and forgotten when asked to.

use meteorite_protocol::control::{HoldView, ProblemKind, Reply, Request, TasteChange, TasteView};

use crate::harness::{Ship, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_fall_is_chosen_explained_remembered_and_forgotten() {
    let (author, finder) = sea(&[
        "The tide is late tonight.",
        "Bread and salt on the table, and the window open.",
    ])
    .await;
    let caught = fallen(&finder).await;
    assert!(
        caught.why.as_ref().is_some_and(|why| why.ends_with('.')),
        "{caught:?}"
    );
    finder.read(&caught.stone.bottle).await;
    let light = Request::Light {
        bottle: caught.stone.bottle.clone(),
        sticker: "warmth".into(),
    };
    assert!(matches!(finder.ask(light).await, Reply::Queued(_)));
    assert_eq!(taste(&finder, None, None, false).await.choices, 1);
    let named = finder.ask(Request::Hold).await;
    assert!(
        matches!(&named, Reply::Hold(hold) if hold.len() == 1),
        "{named:?}"
    );

    let finder = finder.relaunch().await;
    let known = taste(&finder, Some(80), None, false).await;
    assert_eq!((known.choices, known.knob, known.fresh), (1, 80, None));
    finder.meet(&author).await;
    assert_ne!(fallen(&finder).await.stone.bottle, caught.stone.bottle);
    let forgotten = taste(&finder, None, None, true).await;
    assert_eq!((forgotten.choices, forgotten.learned, forgotten.knob), (0, 0, 80));
    for ship in [author, finder] {
        ship.node.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_languages_that_are_read_fall() {
    let (author, finder) = sea(&["Only in English, sorry."]).await;
    taste(&finder, None, Some(&["ja"]), false).await;
    let nothing = finder.ask(Request::Catch { bottle: None }).await;
    assert!(
        matches!(&nothing, Reply::Problem(problem) if problem.next.contains("--languages all")),
        "{nothing:?}"
    );
    assert_eq!(
        taste(&finder, None, Some(&["ja", "en"]), false).await.languages,
        ["ja", "en"]
    );
    fallen(&finder).await;
    for (knob, languages) in [(Some(101), None), (None, Some(vec!["English!".to_owned()]))] {
        let request = Request::Taste(TasteChange {
            knob,
            languages,
            forget: false,
        });
        let refused = finder.ask(request).await;
        assert!(
            matches!(&refused, Reply::Problem(problem) if problem.kind == ProblemKind::Input),
            "{refused:?}"
        );
    }
    for ship in [author, finder] {
        ship.node.shutdown().await.unwrap();
    }
}

/// An author who threw these, and a finder in whose sky they are.
async fn sea(texts: &[&str]) -> (Ship, Ship) {
    let (author, finder) = (Ship::launch().await, Ship::launch().await);
    finder.meet(&author).await;
    for text in texts {
        author.throw(text).await;
    }
    until("all bottles", || async {
        (finder.sky().await.stones.len() == texts.len()).then_some(())
    })
    .await;
    (author, finder)
}

async fn fallen(finder: &Ship) -> HoldView {
    match finder.ask(Request::Catch { bottle: None }).await {
        Reply::Caught(view) => view,
        other => panic!("nothing fell: {other:?}"),
    }
}

async fn taste(ship: &Ship, knob: Option<u8>, languages: Option<&[&str]>, forget: bool) -> TasteView {
    let request = Request::Taste(TasteChange {
        knob,
        languages: languages.map(|tags| tags.iter().map(|tag| (*tag).to_owned()).collect()),
        forget,
    });
    match ship.ask(request).await {
        Reply::Taste(view) => view,
        other => panic!("{other:?}"),
    }
}
