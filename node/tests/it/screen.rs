//! What of a stranger's text is shown, and what an author is asked first.

use meteorite_protocol::control::{LetterSide, LetterView, ProblemKind, Reply, Request, Veil};

use crate::harness::{Ship, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_unkind_text_needs_a_second_thought_and_wears_a_veil() {
    let (author, finder) = (Ship::launch().await, Ship::launch().await);
    finder.meet(&author).await;
    let unkind = "You are a stupid disgusting idiot and everybody hates you, you worthless piece of shit.";
    let asked = author.ask(Request::throw(unkind)).await;
    let Reply::Problem(problem) = asked else {
        panic!("{asked:?}")
    };
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(problem.next.contains("--sure"), "{problem}");
    let bottle = thrown(&author, sure(unkind)).await;
    let veil = finder.find(&bottle).await.veil.expect("a veil");
    assert!(veil.why.contains(&"unkind".to_owned()), "{veil:?}");
    level(&finder, "strict").await;
    assert!(finder.read(&bottle).await.veil.expect("a veil").hidden);
    for ship in [author, finder] {
        ship.node.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_like_a_reported_one_stay_hidden() {
    let (author, finder) = (Ship::launch().await, Ship::launch().await);
    finder.meet(&author).await;
    let pitch = "I turned two hundred into nine thousand within one single week from my sofa, and my neighbour did the same after I had told her how.";
    let first = thrown(&author, sure(pitch)).await;
    finder.find(&first).await;
    let report = Request::Report {
        bottle: first,
        reason: "an advertisement".to_owned(),
    };
    assert_eq!(finder.ask(report).await, Reply::Done);
    let finder = finder.relaunch().await;
    finder.meet(&author).await;
    let second = thrown(&author, sure(&pitch.replace("neighbour", "old neighbour"))).await;
    let veil = finder.find(&second).await.veil;
    let hidden = |veil: &Veil| veil.hidden && veil.why.first().is_some_and(|why| why == "reported");
    assert!(veil.as_ref().is_some_and(hidden), "{veil:?}");
    for ship in [author, finder] {
        ship.node.shutdown().await.unwrap();
    }
}

const OPEN_LETTER: &str =
    "Two lights in one night! I would love to hear more of yours; my address is keeper@example.org.";

#[tokio::test(flavor = "multi_thread")]
async fn a_first_letter_carries_no_address_and_a_later_one_may() {
    let (author, finder) = (Ship::launch().await, Ship::launch().await);
    finder.meet(&author).await;
    let bottle = thrown(
        &author,
        Request::throw("The lighthouse blinked at me twice tonight."),
    )
    .await;
    let view = finder.find(&bottle).await;
    assert_eq!(view.veil, None);
    let write = |text: &str| Request::Reply {
        to: bottle.clone(),
        text: text.to_owned(),
    };
    let refused = finder.ask(write("Write to me: keeper@example.org")).await;
    assert!(
        matches!(&refused, Reply::Problem(problem) if problem.kind == ProblemKind::Input),
        "{refused:?}"
    );
    let queued = finder.ask(write("It blinked at me too.")).await;
    assert!(matches!(queued, Reply::Queued(_)), "{queued:?}");
    until("the letter", || async { letters(&author, &bottle).await.pop() }).await;
    // Who answers has chosen to go on, and may say where they can be found.
    let queued = author.ask(write(OPEN_LETTER)).await;
    assert!(matches!(queued, Reply::Queued(_)), "{queued:?}");
    let answer = until("the answer", || async { letters(&finder, &bottle).await.pop() }).await;
    assert_eq!(answer.veil, None);
    for ship in [author, finder] {
        ship.node.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_is_kept_and_nonsense_is_none() {
    let ship = Ship::launch().await;
    assert_eq!(asked(&ship, None).await, Reply::Veil("careful".to_owned()));
    level(&ship, "open").await;
    let ship = ship.relaunch().await;
    assert_eq!(asked(&ship, None).await, Reply::Veil("open".to_owned()));
    let nonsense = asked(&ship, Some("blind")).await;
    assert!(
        matches!(&nonsense, Reply::Problem(problem) if problem.kind == ProblemKind::Input),
        "{nonsense:?}"
    );
    ship.node.shutdown().await.unwrap();
}

/// What the other side wrote in the thread of a bottle.
async fn letters(ship: &Ship, bottle: &str) -> Vec<LetterView> {
    let thread = Some(bottle.to_owned());
    match ship.ask(Request::Letters { thread }).await {
        Reply::Letters(views) => {
            let strangers = views.into_iter().filter(|view| view.side == LetterSide::Stranger);
            strangers.collect()
        }
        _ => Vec::new(),
    }
}

async fn asked(ship: &Ship, level: Option<&str>) -> Reply {
    let level = level.map(str::to_owned);
    ship.ask(Request::Veil { level }).await
}

async fn level(ship: &Ship, name: &str) {
    assert_eq!(asked(ship, Some(name)).await, Reply::Veil(name.to_owned()));
}

fn sure(words: &str) -> Request {
    let mut request = Request::throw(words);
    if let Request::Throw { sure, .. } = &mut request {
        *sure = true;
    }
    request
}

async fn thrown(ship: &Ship, request: Request) -> String {
    match ship.ask(request).await {
        Reply::Thrown(view) => view.stone.bottle,
        other => panic!("not thrown: {other:?}"),
    }
}
