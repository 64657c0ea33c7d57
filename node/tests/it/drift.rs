//! A bottle drifts from one keyboard to a stranger's screen, and an answer comes back.

use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::words::Words;
use meteorite_protocol::control::{BottleFate, LetterState, OwnBottleView, Reply, Request};

use meteorite_node::Node;
use meteorite_node::data_dir::DataDir;
use meteorite_store::{Db, OwnStore, OwnWrite, Unit};

use crate::harness::{Ship, config, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_catches_reads_lights_and_answers() {
    let (author, finder) = (Ship::launch().await, Ship::launch().await);
    finder.meet(&author).await;
    let bottle = author
        .throw("The tide took my left shoe and brought me a friend.")
        .await;
    let view = finder.find(&bottle).await;
    assert_eq!(view.text, "The tide took my left shoe and brought me a friend.");

    let lit = finder
        .ask(Request::Light {
            bottle: bottle.clone(),
            sticker: "warmth".into(),
        })
        .await;
    assert!(matches!(lit, Reply::Queued(_)), "{lit:?}");
    let answered = finder
        .ask(Request::Reply {
            to: bottle.clone(),
            text: "Which tide was it?".into(),
        })
        .await;
    assert!(matches!(answered, Reply::Queued(_)), "{answered:?}");

    let letter = until("the letter", || received(&author)).await;
    assert_eq!(letter, "Which tide was it?");
    until("the proof", || async {
        own(&author)
            .await
            .filter(|own| own.fate == BottleFate::Answered && own.handed >= 1)
    })
    .await;

    let back = author
        .ask(Request::Reply {
            to: bottle.clone(),
            text: "The spring tide.".into(),
        })
        .await;
    assert!(matches!(back, Reply::Queued(_)), "{back:?}");
    assert_eq!(
        until("the answer", || received(&finder)).await,
        "The spring tide."
    );
    author.node.shutdown().await.unwrap();
    finder.node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_waits_for_an_author_who_was_away() {
    let (author, finder, neighbour) = (Ship::launch().await, Ship::launch().await, Ship::launch().await);
    for ship in [&author, &finder] {
        ship.meet(&neighbour).await;
    }
    let bottle = author.throw("I go to sleep now. Write me something.").await;
    until("the bottle", || async {
        finder.sky().await.stones.into_iter().find(|s| s.bottle == bottle)
    })
    .await;
    let Ship { folder, keys, node } = author;
    node.shutdown().await.unwrap();

    finder.find(&bottle).await;
    finder
        .ask(Request::Reply {
            to: bottle.clone(),
            text: "Sleep well.".into(),
        })
        .await;
    until("a receipt", || async {
        sent_state(&finder)
            .await
            .filter(|state| *state == LetterState::InMailbox)
    })
    .await;
    finder.node.shutdown().await.unwrap();

    let node = meteorite_node::Node::start(crate::harness::config(&folder), keys.clone())
        .await
        .unwrap();
    let author = Ship { folder, keys, node };
    author.meet(&neighbour).await;
    assert_eq!(until("the letter", || received(&author)).await, "Sleep well.");
    author.node.shutdown().await.unwrap();
    neighbour.node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_survives_a_restart() {
    let (author, finder) = (Ship::launch().await, Ship::launch().await);
    finder.meet(&author).await;
    let bottle = author.throw("Remember me.").await;
    finder.find(&bottle).await;

    let (author, finder) = (author.relaunch().await, finder.relaunch().await);
    assert_eq!(finder.read(&bottle).await.text, "Remember me.");
    let twice = finder
        .ask(Request::Catch {
            bottle: Some(bottle.clone()),
        })
        .await;
    assert!(matches!(twice, Reply::Problem(_)), "{twice:?}");
    let mine = own(&author).await.unwrap();
    assert_eq!((mine.stone.bottle, mine.text.as_str()), (bottle, "Remember me."));
    author.node.shutdown().await.unwrap();
    finder.node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_learns_what_drifts() {
    let author = Ship::launch().await;
    let mut thrown = Vec::new();
    for text in ["One.", "Two.", "Three."] {
        thrown.push(author.throw(text).await);
    }
    // A bottle that nobody took is withheld from sync until its gossip is over: let one neighbour have them.
    let witness = Ship::launch().await;
    witness.meet(&author).await;
    until("the witness", || async {
        (witness.sky().await.drifting == 3).then_some(())
    })
    .await;
    let newcomer = Ship::launch().await;
    newcomer.meet(&witness).await;
    until("the newcomer", || async {
        (newcomer.sky().await.drifting == 3).then_some(())
    })
    .await;
    for ship in [author, witness, newcomer] {
        ship.node.shutdown().await.unwrap();
    }
}

/// A claim and its thread are stored one after the other; a kill may come between them.
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_a_kill_left_out_is_begun_at_the_next_start() {
    let (author, finder) = (Ship::launch().await, Ship::launch().await);
    finder.meet(&author).await;
    let bottle = author.throw("Is anybody awake?").await;
    finder.find(&bottle).await;
    let Ship { folder, keys, node } = finder;
    node.shutdown().await.unwrap();
    forget_threads(&folder, &keys).await;
    let node = Node::start(config(&folder), keys.clone()).await.unwrap();
    let answer = Request::Reply {
        to: bottle,
        text: "I am.".into(),
    };
    let answered = node.ask(answer).await;
    assert!(matches!(answered, Reply::Queued(_)), "{answered:?}");
    node.shutdown().await.unwrap();
    author.node.shutdown().await.unwrap();
}

async fn forget_threads(folder: &tempfile::TempDir, keys: &KeyFile) {
    let path = DataDir::new(folder.path()).database();
    let db = Db::open(&path, Some(keys.root.storage_key())).await.unwrap();
    let mut unit = Unit::new("test");
    for row in db.core_rows("threads").await.unwrap() {
        let core = "threads".to_owned();
        unit.push(OwnWrite::DeleteCoreRow { core, row: row.row });
    }
    assert!(!unit.is_empty(), "a thread was begun");
    db.commit(unit).await.unwrap();
    db.close().await.unwrap();
}

async fn own(ship: &Ship) -> Option<OwnBottleView> {
    match ship.ask(Request::Bottles).await {
        Reply::Bottles(bottles) => bottles.into_iter().next(),
        other => panic!("{other:?}"),
    }
}

/// The text of a letter that came, if one did.
async fn received(ship: &Ship) -> Option<String> {
    let letters = all_letters(ship).await;
    let came = letters
        .into_iter()
        .filter(|letter| matches!(letter.state, LetterState::Received | LetterState::Read));
    came.filter_map(|letter| letter.text).next_back()
}

async fn sent_state(ship: &Ship) -> Option<LetterState> {
    let letters = all_letters(ship).await;
    letters
        .into_iter()
        .find(|letter| letter.text.is_some())
        .map(|letter| letter.state)
}

async fn all_letters(ship: &Ship) -> Vec<meteorite_protocol::control::LetterView> {
    let Reply::Threads(threads) = ship.ask(Request::Letters { thread: None }).await else {
        panic!("no threads");
    };
    let mut letters = Vec::new();
    for thread in threads {
        match ship
            .ask(Request::Letters {
                thread: Some(thread.thread),
            })
            .await
        {
            Reply::Letters(found) => letters.extend(found),
            other => panic!("{other:?}"),
        }
    }
    letters
}

#[tokio::test(flavor = "multi_thread")]
async fn words_alone_bring_back_drifting_bottles_and_their_letters() {
    let (author, finder) = (Ship::launch().await, Ship::launch().await);
    finder.meet(&author).await;
    let bottle = author.throw("My laptop will fall into the harbour today.").await;
    until("the bottle", || async {
        finder.sky().await.stones.into_iter().find(|s| s.bottle == bottle)
    })
    .await;
    let paper = Words::from_root(&author.keys.root).expose().to_owned();
    author.node.shutdown().await.unwrap();

    let root = Words::parse(&paper).unwrap().root();
    let newborn = Ship::with_keys(KeyFile::new(root, 0, &mut rand::rng())).await;
    newborn.meet(&finder).await;
    let own = until("the own bottle with its text", || async {
        own(&newborn)
            .await
            .filter(|own| own.stone.bottle == bottle && own.text.starts_with("My laptop"))
    })
    .await;
    assert_eq!((own.fate, own.held), (BottleFate::Drifting, 1));
    for request in [
        Request::Catch {
            bottle: Some(bottle.clone()),
        },
        Request::Read {
            bottle: bottle.clone(),
        },
        Request::Reply {
            to: bottle.clone(),
            text: "Fish it out!".into(),
        },
    ] {
        let reply = finder.ask(request).await;
        assert!(!matches!(reply, Reply::Problem(_)), "{reply:?}");
    }
    assert_eq!(until("the letter", || received(&newborn)).await, "Fish it out!");
    newborn.node.shutdown().await.unwrap();
    finder.node.shutdown().await.unwrap();
}
