//! The real binary as a child process.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use meteorite_net::Multiaddr;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::harness::{PATIENCE, first_quic};

/// A running server.
pub(crate) struct Binary {
    child: Child,
    pub(crate) address: Multiaddr,
    pub(crate) http: std::net::SocketAddr,
}

/// How a run ended that was expected to end by itself.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) message: String,
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meteorite-bootstrap"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("METEORITE_BOOTSTRAP_")) {
        command.env_remove(name);
    }
    command.env("RUST_LOG", "error");
    command
}

/// Runs the binary to its end.
pub(crate) async fn run(arguments: &[&str]) -> Ended {
    let child = command(arguments).spawn().unwrap();
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .expect("it ends by itself")
        .unwrap();
    Ended {
        code: output.status.code(),
        message: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Binary {
    pub(crate) async fn start(data: &Path) -> Self {
        let data = data.to_str().unwrap();
        let listen = "/ip4/127.0.0.1/udp/0/quic-v1";
        let mut child = command(&["run", "--data", data, "--listen", listen, "--http", "127.0.0.1:0"])
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut addresses, mut http) = (Vec::new(), None);
        let read = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                match line.split_once(' ').map(|(key, value)| (key, value.trim())) {
                    Some(("address", address)) => addresses.push(address.to_owned()),
                    Some(("http", url)) => http = url.strip_prefix("http://").map(|url| url.parse().unwrap()),
                    Some(("invite", _)) => return,
                    Some(_) | None => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, read)
            .await
            .expect("it says where it is reached");
        let Some(http) = http else {
            let mut message = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut message)
                .await
                .unwrap();
            panic!("it did not start: {message}");
        };
        Self {
            child,
            address: first_quic(&addresses),
            http,
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.start_kill().unwrap();
    }

    /// SIGTERM, and the exit code.
    pub(crate) async fn terminate(&mut self) -> Option<i32> {
        let id = self.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .await
                .unwrap()
                .success()
        );
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        ended.expect("it ends in time").unwrap().code()
    }
}
