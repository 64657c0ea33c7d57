//! The node's side of the control socket.

use std::io;
use std::sync::Arc;

use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use meteorite_protocol::control::frame::{self, Line};
use meteorite_protocol::control::{Notice, Problem, ProblemKind, Reply, Request};
use tokio::io::{AsyncWrite, AsyncWriteExt, BufReader, ReadHalf};
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::{CONNECTIONS_MAX, name, read_line};
use crate::data_dir::DataDir;
use crate::node::Node;

/// Answers that wait for a slow client; then its questions wait too.
const ANSWERS_WAITING_MAX: usize = 64;

/// Opens the socket and starts to serve it; the task ends with `stop`.
///
/// # Errors
/// A [`Problem`] when the socket cannot be made.
pub(crate) fn serve(
    dir: &DataDir,
    node: Node,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Result<(), Problem> {
    let listener = listen(dir).map_err(|error| {
        Problem::new(
            ProblemKind::Storage,
            format!(
                "The control socket {} cannot be made: {error}.",
                dir.socket().display()
            ),
            "Nothing was changed.",
            "Remove the file if nothing uses it, or choose another folder with --home.",
        )
    })?;
    let connections = tasks.clone();
    tasks.spawn(accept(listener, node, connections, stop));
    Ok(())
}

fn listen(dir: &DataDir) -> io::Result<Listener> {
    // The folder's lock is held, so a socket that lies here belongs to nobody any more.
    let mut options = ListenerOptions::new().name(name(dir)?).try_overwrite(true);
    #[cfg(unix)]
    {
        use interprocess::os::unix::local_socket::ListenerOptionsExt;
        options = options.mode(0o600);
    }
    options.create_tokio()
}

async fn accept(listener: Listener, node: Node, tasks: TaskTracker, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                    warn!(
                        CONNECTIONS_MAX,
                        "a control connection was refused: there are too many"
                    );
                    continue;
                };
                let (node, stop) = (node.clone(), stop.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = ended(&stop) => {}
                        () = converse(stream, node) => {}
                    }
                    drop(place);
                });
            }
            Err(error) => {
                warn!(%error, "a control connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// The node ends: what was just answered, the request to end among it, still goes out.
async fn ended(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// Questions are answered one after the other, notices go between the answers.
async fn converse(stream: Stream, node: Node) {
    let (reader, mut writer) = tokio::io::split(stream);
    let (answers, mut waiting) = mpsc::channel::<Line>(ANSWERS_WAITING_MAX);
    let notices = node.notices();
    let (subscribe, mut subscribed) = tokio::sync::watch::channel(false);
    let asking = answer_questions(BufReader::new(reader), node, answers, subscribe);
    let writing = async {
        let mut notices = notices;
        loop {
            let line = tokio::select! {
                biased;
                line = waiting.recv() => match line {
                    Some(line) => line,
                    None => return,
                },
                notice = next_notice(&mut notices, &mut subscribed) => Line::Notice(notice),
            };
            if let Err(error) = write(&mut writer, &line).await {
                debug!(%error, "a control connection ended");
                return;
            }
        }
    };
    tokio::join!(asking, writing);
}

async fn answer_questions(
    mut reader: BufReader<ReadHalf<Stream>>,
    node: Node,
    answers: mpsc::Sender<Line>,
    subscribe: tokio::sync::watch::Sender<bool>,
) {
    let mut line = Vec::new();
    loop {
        match read_line(&mut reader, &mut line).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                debug!(%error, "a control connection ended");
                return;
            }
        }
        let answer = match frame::decode_question(&line) {
            Ok(question) => {
                if matches!(question.request, Request::Subscribe) {
                    subscribe.send_replace(true);
                }
                Line::Answer {
                    id: question.id,
                    reply: node.ask(question.request).await,
                }
            }
            Err(error) => Line::Answer {
                id: 0,
                reply: Reply::Problem(not_understood(&error)),
            },
        };
        if answers.send(answer).await.is_err() {
            return;
        }
    }
}

/// Waits for ever until the client subscribed.
async fn next_notice(
    notices: &mut broadcast::Receiver<Notice>,
    subscribed: &mut tokio::sync::watch::Receiver<bool>,
) -> Notice {
    if subscribed.wait_for(|subscribed| *subscribed).await.is_err() {
        std::future::pending::<()>().await;
    }
    match notices.recv().await {
        Ok(notice) => notice,
        Err(broadcast::error::RecvError::Lagged(missed)) => Notice::Missed(missed),
        Err(broadcast::error::RecvError::Closed) => Notice::Stopping,
    }
}

async fn write(writer: &mut (impl AsyncWrite + Unpin), line: &Line) -> io::Result<()> {
    let bytes = frame::encode(line).map_err(io::Error::other)?;
    writer.write_all(&bytes).await
}

fn not_understood(error: &frame::FrameError) -> Problem {
    Problem::new(
        ProblemKind::Input,
        format!("That is not a question this node understands: {error}."),
        "Nothing was done.",
        "Is the program of the same version as the node?",
    )
}

/// How long a connection outlives its node.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_millis(250);
