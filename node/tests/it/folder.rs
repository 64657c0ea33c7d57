//! The folder of a node: one node at a time, and clear words where it cannot be used.

use meteorite_node::data_dir::DataDir;
use meteorite_node::socket::Client;
use meteorite_node::{Node, NodeConfig};
use meteorite_protocol::control::{ProblemKind, Reply, Request};

use crate::harness::{Ship, config};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_on_the_same_folder_says_so() {
    let ship = Ship::launch().await;
    let problem = Node::start(config(&ship.folder), ship.keys.clone())
        .await
        .unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Busy, "{problem}");
    assert!(problem.to_string().contains("already runs"), "{problem}");
    ship.node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_drives_the_node_through_its_socket() {
    let ship = Ship::launch().await;
    let dir = DataDir::new(ship.folder.path());
    let mut client = Client::connect(&dir).await.unwrap().expect("a node runs");
    let reply = client.ask(Request::Snapshot).await.unwrap();
    let Reply::Snapshot(snapshot) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(snapshot.peer, ship.node.snapshot().borrow().peer);
    let reply = client.ask(Request::Shutdown).await.unwrap();
    assert_eq!(reply, Reply::Done);
    ship.node.shutdown().await.unwrap();
    assert!(
        Client::connect(&dir).await.unwrap().is_none(),
        "nothing listens after the end"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_one_clear_problem_and_changes_nothing() {
    let ship = Ship::launch().await;
    let throw = |text: &str, days| Request::Throw {
        text: text.to_owned(),
        nick: None,
        tags: Vec::new(),
        slots: None,
        days,
        lang: None,
        sure: false,
    };
    let cases = [
        (throw("", None), ProblemKind::Input),
        (throw(&"a".repeat(1_001), None), ProblemKind::Input),
        (throw("\u{202e}\u{7}", None), ProblemKind::Input),
        (throw("fine", Some(31)), ProblemKind::Input),
        (
            Request::Join {
                code: "METEOR-AAAA".into(),
            },
            ProblemKind::Input,
        ),
        (Request::Read { bottle: "abc".into() }, ProblemKind::Input),
        (
            Request::Read {
                bottle: "zzzzzz".into(),
            },
            ProblemKind::Missing,
        ),
        (Request::Catch { bottle: None }, ProblemKind::Refused),
        (Request::Import { rows: "{}".into() }, ProblemKind::Input),
    ];
    for (request, kind) in cases {
        let shown = format!("{request:.60?}");
        match ship.ask(request).await {
            Reply::Problem(problem) => assert_eq!(problem.kind, kind, "{shown}: {problem}"),
            other => panic!("{shown}: {other:?}"),
        }
    }
    let Reply::Bottles(none) = ship.ask(Request::Bottles).await else {
        panic!("no list")
    };
    assert!(none.is_empty());
    ship.node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_that_was_confirmed() {
    let ship = Ship::launch().await;
    let kept = ship.throw("This one is safe.").await;
    let Ship { folder, keys, node } = ship;
    node.shutdown().await.unwrap();
    let database = DataDir::new(folder.path()).database();
    let full = NodeConfig {
        database_bytes_max: Some(std::fs::metadata(&database).unwrap().len()),
        ..config(&folder)
    };
    let node = Node::start(full, keys.clone()).await.unwrap();
    let throw = || Request::throw("The disk is as full as this bottle. ".repeat(27));
    let (mut confirmed, mut problem) = (vec![kept], None);
    while problem.is_none() {
        match node.ask(throw()).await {
            Reply::Thrown(view) => confirmed.push(view.stone.bottle),
            Reply::Problem(told) => problem = Some(told),
            other => panic!("{other:?}"),
        }
    }
    let problem = problem.unwrap();
    assert_eq!(problem.kind, ProblemKind::Storage, "{problem}");
    assert!(problem.next.contains("Make room"), "{problem}");
    drop(node.shutdown().await);

    let node = Node::start(config(&folder), keys).await.unwrap();
    let Reply::Bottles(bottles) = node.ask(Request::Bottles).await else {
        panic!("no bottles");
    };
    let mut there: Vec<String> = bottles.into_iter().map(|own| own.stone.bottle).collect();
    there.sort();
    confirmed.sort();
    assert_eq!(there, confirmed, "what was confirmed, and nothing else");
    node.shutdown().await.unwrap();
}
