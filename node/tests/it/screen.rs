//! What of a stranger's text is shown, and what an author is asked first.

use meteorite_protocol::control::{BottleView, ProblemKind, Reply, Request, Veil};

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
    let veil = read(&finder, &bottle).await.veil.expect("a veil");
    assert!(veil.why.contains(&"unkind".to_owned()), "{veil:?}");
    level(&finder, "strict").await;
    assert!(again(&finder, &bottle).await.veil.expect("a veil").hidden);
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
    read(&finder, &first).await;
    let report = Request::Report {
        bottle: first,
        reason: "an advertisement".to_owned(),
    };
    assert_eq!(finder.ask(report).await, Reply::Done);
    let finder = finder.relaunch().await;
    finder.meet(&author).await;
    let second = thrown(&author, sure(&pitch.replace("neighbour", "old neighbour"))).await;
    let veil = read(&finder, &second).await.veil;
    let hidden = |veil: &Veil| veil.hidden && veil.why.first().is_some_and(|why| why == "reported");
    assert!(veil.as_ref().is_some_and(hidden), "{veil:?}");
    for ship in [author, finder] {
        ship.node.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_letter_carries_no_address() {
    let (author, finder) = (Ship::launch().await, Ship::launch().await);
    finder.meet(&author).await;
    let bottle = thrown(
        &author,
        Request::throw("The lighthouse blinked at me twice tonight."),
    )
    .await;
    let view = read(&finder, &bottle).await;
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

/// Catches and opens it as soon as it falls.
async fn read(finder: &Ship, bottle: &str) -> BottleView {
    until("the bottle in the other sky", || async {
        let stones = finder.sky().await.stones;
        stones.into_iter().find(|stone| stone.bottle == bottle)
    })
    .await;
    let caught = finder
        .ask(Request::Catch {
            bottle: Some(bottle.to_owned()),
        })
        .await;
    assert!(matches!(caught, Reply::Caught(_)), "{caught:?}");
    again(finder, bottle).await
}

async fn again(finder: &Ship, bottle: &str) -> BottleView {
    match finder
        .ask(Request::Read {
            bottle: bottle.to_owned(),
        })
        .await
    {
        Reply::Read(view) => view,
        other => panic!("not read: {other:?}"),
    }
}
