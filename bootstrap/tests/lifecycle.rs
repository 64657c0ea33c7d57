//! Starting wrongly, starting twice, ending.

use meteorite_bootstrap::{Bootstrap, Config, StartError};

use super::binary::{Binary, run};
use super::harness::{Server, get};

/// Each message must say what is wrong, what is safe and what to do.
async fn fails(arguments: &[&str], code: i32, parts: &[&str]) {
    let ended = run(arguments).await;
    assert_eq!(ended.code, Some(code), "{}", ended.message);
    for part in parts {
        assert!(
            ended.message.contains(part),
            "{part:?} is missing in: {}",
            ended.message
        );
    }
    assert!(!ended.message.contains("panicked"), "{}", ended.message);
    assert_eq!(
        ended.message.trim_end().lines().count(),
        1,
        "one message: {}",
        ended.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_errors_are_one_clear_message() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("server").to_str().unwrap().to_owned();
    fails(
        &["run", "--data", &data, "--listen", "nonsense"],
        3,
        &["nonsense", "--listen", "Nothing was started", "Write it like"],
    )
    .await;
    fails(&["run"], 3, &["--data DIR", "Nothing was started"]).await;
    let missing = dir.path().join("missing.toml").to_str().unwrap().to_owned();
    fails(&["run", "--config", &missing], 3, &["cannot be read", "--config"]).await;
    assert!(!dir.path().join("server").exists(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named_and_nothing_stays_behind() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("server").to_str().unwrap().to_owned();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let quic = "/ip4/127.0.0.1/udp/0/quic-v1";
    let http = format!("127.0.0.1:{port}");
    fails(
        &["run", "--data", &data, "--listen", quic, "--http", &http],
        8,
        &[&http, "are safe", "--http"],
    )
    .await;
    let tcp = format!("/ip4/127.0.0.1/tcp/{port}");
    let arguments = ["run", "--data", &data, "--listen", &tcp, "--http", "127.0.0.1:0"];
    fails(&arguments, 8, &[&tcp, "are safe", "--listen"]).await;
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let busy_udp = format!("/ip4/127.0.0.1/udp/{}/quic-v1", udp.local_addr().unwrap().port());
    let arguments = [
        "run",
        "--data",
        &data,
        "--listen",
        &busy_udp,
        "--http",
        "127.0.0.1:0",
    ];
    fails(&arguments, 8, &[&busy_udp, "are safe", "--listen"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_folder_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    let data = file.join("server").to_str().unwrap().to_owned();
    fails(&["run", "--data", &data], 7, &[&data, "untouched", "--data"]).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_start_leaves_the_folder_usable() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = Config::loopback(dir.path());
    config.listen = vec![
        format!("/ip4/127.0.0.1/tcp/{}", taken.local_addr().unwrap().port())
            .parse()
            .unwrap(),
    ];
    let error = Bootstrap::start(config).await.unwrap_err();
    assert!(matches!(error, StartError::Listen { .. }), "{error}");
    Server::start_in(dir, |_| {}).await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Binary::start(dir.path()).await;
    let data = dir.path().to_str().unwrap();
    let arguments = [
        "run",
        "--data",
        data,
        "--listen",
        "/ip4/127.0.0.1/udp/0/quic-v1",
        "--http",
        "127.0.0.1:0",
    ];
    fails(
        &arguments,
        9,
        &["already runs", data, "nothing was changed", "--data"],
    )
    .await;
    assert_eq!(
        get(first.http, "/readyz").await.status,
        200,
        "the first one goes on"
    );
    assert_eq!(first.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_with_zero_and_frees_everything() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut server = Binary::start(dir.path()).await;
        assert_eq!(get(server.http, "/healthz").await.status, 200);
        assert_eq!(server.terminate().await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_peer_id_can_be_asked_for_before_the_first_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let output = super::binary::command(&["peer-id", "--data", data])
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut server = Binary::start(dir.path()).await;
    assert!(server.address.to_string().ends_with(printed.trim()));
    assert_eq!(server.terminate().await, Some(0));
}
