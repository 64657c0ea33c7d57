//! A server in this process, a small HTTP client, and waiting for conditions.

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use meteorite_bootstrap::{Bootstrap, Config};
use meteorite_net::Multiaddr;
use meteorite_protocol::validate::Params;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Long enough for a busy machine; no passing test waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server on loopback with easy stamps, and its folder.
pub(crate) struct Server {
    pub(crate) running: Bootstrap,
    pub(crate) dir: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), change).await
    }

    pub(crate) async fn start_in(dir: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        static LOGS: std::sync::Once = std::sync::Once::new();
        LOGS.call_once(|| {
            let filter = std::env::var("METEORITE_TEST_LOG").unwrap_or_else(|_| "off".to_owned());
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_test_writer()
                .init();
        });
        let mut config = Config::loopback(dir.path());
        config.params = Params::for_tests();
        change(&mut config);
        Self {
            running: Bootstrap::start(config).await.unwrap(),
            dir,
        }
    }

    /// Ends it cleanly and keeps the folder.
    pub(crate) async fn stop(self) -> TempDir {
        self.running.shutdown().await.unwrap();
        self.dir
    }

    pub(crate) fn address(&self) -> Multiaddr {
        first_quic(&self.running.addresses())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        get(self.running.http_addr(), path).await
    }

    /// The value of a metric, labels included in the name; 0 while there is no such series.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        value(&self.get("/metrics").await.body, series)
    }

    /// Waits until a metric has a value.
    pub(crate) async fn metric_reaches(&self, series: &str, wanted: f64) {
        until(&format!("{series} is {wanted}"), async || {
            (self.metric(series).await - wanted).abs() < 0.5
        })
        .await;
    }
}

pub(crate) fn first_quic(addresses: &[String]) -> Multiaddr {
    let quic = addresses.iter().find(|address| address.contains("/quic-v1/"));
    quic.expect("a QUIC address").parse().unwrap()
}

/// What HTTP answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    assert!(!chunked, "answers are small and have a length");
    Answer {
        status,
        body: body.to_owned(),
    }
}

fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.trim().parse().unwrap())
}

/// Waits until a condition holds, looking often.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
