//! A clock that is a day wrong is noticed, and holds back what would carry a wrong date.

use meteorite_protocol::control::{Finding, ProblemKind, Reply, Request};

use crate::harness::{Ship, until};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

async fn notices(wrong_by_ms: i64, seems: &str) {
    let (right, wrong) = (Ship::launch().await, Ship::with_clock_wrong_by(wrong_by_ms).await);
    wrong.meet(&right).await;
    right.throw("It is now, here.").await;
    let about_clock = until("the doubt", || async {
        let Reply::Doctor(findings) = wrong.ask(Request::Doctor).await else {
            panic!("no findings");
        };
        findings
            .into_iter()
            .find(|finding| finding.about == "clock" && finding.finding == Finding::Bad)
    })
    .await;
    assert!(about_clock.what.contains(seems), "{}", about_clock.what);
    let request = Request::throw("When am I?".to_owned());
    let Reply::Problem(problem) = wrong.ask(request).await else {
        panic!("thrown with a wrong date");
    };
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(
        problem.what.contains(seems) && problem.next.contains("Set the date"),
        "{problem}"
    );
    assert!(matches!(wrong.ask(Request::Bottles).await, Reply::Bottles(own) if own.is_empty()));
    for ship in [right, wrong] {
        ship.node.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_a_day_behind_is_noticed() {
    notices(-DAY_MS, "behind").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_a_day_ahead_is_noticed() {
    notices(DAY_MS, "ahead").await;
}
