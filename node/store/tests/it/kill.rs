//! Killed at any moment, a database holds every unit whose commit returned, and no half of another.
//!
//! The test binary starts itself as a child that commits numbered units and prints each number after its commit; the parent
//! kills it (SIGKILL on Unix) and looks.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use meteorite_store::{
    Db, LetterStore as _, LetterWrite, MailboxStore as _, MailboxWrite, OwnStore as _, OwnWrite,
    SkyStore as _, SkyWrite, ThreadSide, Unit, WriteBehind,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::support::{bottle, deposit, header, home, key, own_bottle, own_claim};

const CHILD_DIR: &str = "METEORITE_STORE_KILL_PATH";
const CHILD_FIRST: &str = "METEORITE_STORE_KILL_FIRST";
const ROUNDS: u32 = 12;

#[tokio::test]
async fn what_was_committed_survives_a_kill_and_nothing_is_half_there() {
    let home = home();
    let mut rng = ChaCha8Rng::seed_from_u64(0x6b69_6c6c);
    let mut committed = 0;
    for round in 0..ROUNDS {
        let child = start_child(&home.path, committed);
        committed = kill_after(
            child,
            rng.random_range(0..40),
            rng.random_range(0..3_000),
            committed,
        );

        let db = Db::open(&home.path, Some(key())).await.unwrap();
        assert!(!db.opened().clean || db.opened().created, "round {round}");
        db.integrity_check().await.unwrap();
        committed = check_whole(&db, committed).await;
        db.close().await.unwrap();
    }
    assert!(
        committed > ROUNDS,
        "the children got to commit something: {committed}"
    );
}

/// Not a test of its own: it does something only when the parent started it.
#[tokio::test]
async fn child_commits_numbered_units() {
    let Ok(path) = std::env::var(CHILD_DIR) else {
        return;
    };
    let first: u32 = std::env::var(CHILD_FIRST).unwrap().parse().unwrap();
    let db = Db::open(&PathBuf::from(path), Some(key())).await.unwrap();
    let (behind, task) = WriteBehind::new(db.clone());
    let task = tokio::spawn(task.run());
    for n in first.. {
        // Cache rows of other numbers interleave with the durable units, as in a node.
        behind
            .push(SkyWrite::PutHeader(Box::new(header(1_000_000 + n))))
            .unwrap();
        db.commit(numbered(n)).await.unwrap();
        println!("committed {n}");
    }
    task.await.unwrap();
}

fn numbered(n: u32) -> Unit {
    let letter = meteorite_store::MailboxRow {
        letter: deposit(n).letter,
        bottle: bottle(n),
        claimant: own_claim(n).claimant,
        address: deposit(n).address,
        side: ThreadSide::Author,
        seq: 0,
        work: 18,
        received: deposit(n).made,
        until: deposit(n).until,
        deposit: vec![5; 3_000],
    };
    Unit::new("numbered")
        .with(SkyWrite::PutHeader(Box::new(header(n))))
        .with(OwnWrite::PutOwnBottle(Box::new(own_bottle(n))))
        .with(OwnWrite::PutOwnClaim(Box::new(own_claim(n))))
        .with(LetterWrite::PutDeposit(Box::new(deposit(n))))
        .with(MailboxWrite::PutMailboxLetter(Box::new(letter)))
}

fn start_child(path: &std::path::Path, first: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::child_commits_numbered_units",
            "--nocapture",
            "--test-threads",
            "1",
        ])
        .env(CHILD_DIR, path)
        .env(CHILD_FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets the child commit some units, waits a random moment more, kills it, and says how many were reported in all.
fn kill_after(mut child: Child, units: u32, micros: u64, mut committed: u32) -> u32 {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let enough = committed + units;
    while committed < enough {
        match lines.next() {
            Some(line) => committed = committed.max(reported(&line.unwrap())),
            None => panic!("the child ended by itself"),
        }
    }
    // Not waiting for a condition: the moment of death is the random input of this test.
    std::thread::sleep(Duration::from_micros(micros));
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines.map_while(Result::ok) {
        committed = committed.max(reported(&line));
    }
    committed
}

fn reported(line: &str) -> u32 {
    let number = line
        .rsplit_once("committed ")
        .and_then(|(_, n)| n.trim().parse::<u32>().ok());
    number.map_or(0, |n| n + 1)
}

/// Everything reported is there; what is there beyond it is whole. Says how many units there are.
async fn check_whole(db: &Db, reported: u32) -> u32 {
    let bottles = db.own_bottles().await.unwrap();
    let claims = db.own_claims().await.unwrap();
    let deposits = db.deposits().await.unwrap();
    let mailbox = db.mailbox_totals().await.unwrap();
    let found = u32::try_from(bottles.len()).unwrap();
    // The child may have committed one unit more than it could report.
    assert!(
        found == reported || found == reported + 1,
        "reported {reported}, found {found}"
    );
    assert_eq!(claims.len(), bottles.len());
    assert_eq!(deposits.len(), bottles.len());
    assert_eq!(mailbox.letters, u64::from(found));
    assert_eq!(mailbox.bytes, 3_000 * u64::from(found));
    for n in 0..found {
        assert_eq!(db.own_bottle(&bottle(n)).await.unwrap(), Some(own_bottle(n)));
    }
    for chunk in (0..found).collect::<Vec<_>>().chunks(200) {
        let ids: Vec<_> = chunk.iter().map(|n| bottle(*n)).collect();
        let headers: Vec<_> = chunk.iter().map(|n| header(*n)).collect();
        assert_eq!(db.headers(&ids).await.unwrap(), headers);
    }
    found
}
