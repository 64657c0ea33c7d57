//! Ten kills of a working node; `cargo xtask kill` does many more.

use std::path::Path;

use meteorite_tests::kill;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_happens_twice() {
    let seed = 7;
    let report = kill::run(Path::new(env!("CARGO_BIN_EXE_kill")), 10, seed)
        .await
        .unwrap();
    assert!(report.wrong.is_empty(), "seed {seed}: {:#?}", report.wrong);
    assert!(report.acknowledged >= 12, "hardly anything happened: {report:?}");
}
