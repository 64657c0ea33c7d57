//! The client's side of the control socket.

use std::collections::VecDeque;
use std::io;

use interprocess::local_socket::tokio::{Stream, prelude::*};
use meteorite_protocol::control::frame::{self, Line, Question};
use meteorite_protocol::control::{Notice, Problem, ProblemKind, Reply, Request};
use tokio::io::{AsyncWriteExt, BufReader, ReadHalf, WriteHalf};

use super::{name, read_line};
use crate::data_dir::DataDir;

/// Notices that came while an answer was awaited; older ones are dropped beyond this many.
const NOTICES_KEPT_MAX: usize = 1_024;

/// A connection to a running node.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<ReadHalf<Stream>>,
    writer: WriteHalf<Stream>,
    next_id: u64,
    notices: VecDeque<Notice>,
    line: Vec<u8>,
}

impl Client {
    /// Connects to the node of this folder; `None` when none runs.
    ///
    /// # Errors
    /// A [`Problem`] when there is a socket that cannot be used.
    pub async fn connect(dir: &DataDir) -> Result<Option<Self>, Problem> {
        let name = name(dir).map_err(|error| broken(&error))?;
        match Stream::connect(name).await {
            Ok(stream) => {
                let (reader, writer) = tokio::io::split(stream);
                let reader = BufReader::new(reader);
                Ok(Some(Self {
                    reader,
                    writer,
                    next_id: 1,
                    notices: VecDeque::new(),
                    line: Vec::new(),
                }))
            }
            Err(error) if is_absent(error.kind()) => Ok(None),
            Err(error) => Err(broken(&error)),
        }
    }

    /// Asks and waits for the answer. Notices that come in between are kept for [`Self::next_notice`].
    ///
    /// # Errors
    /// A [`Problem`] when the node ends before it answers; a refusal is a [`Reply::Problem`].
    pub async fn ask(&mut self, request: Request) -> Result<Reply, Problem> {
        let id = self.next_id;
        self.next_id += 1;
        let line = frame::encode(&Question { id, request }).map_err(|error| too_long(&error))?;
        self.writer
            .write_all(&line)
            .await
            .map_err(|error| broken(&error))?;
        loop {
            match self.next_line().await? {
                Line::Answer { id: answered, reply } if answered == id => return Ok(reply),
                Line::Answer { .. } => {}
                Line::Notice(notice) => {
                    if self.notices.len() == NOTICES_KEPT_MAX {
                        self.notices.pop_front();
                    }
                    self.notices.push_back(notice);
                }
            }
        }
    }

    /// The next notice, after [`Request::Subscribe`].
    ///
    /// # Errors
    /// A [`Problem`] when the node ended.
    pub async fn next_notice(&mut self) -> Result<Notice, Problem> {
        if let Some(notice) = self.notices.pop_front() {
            return Ok(notice);
        }
        loop {
            match self.next_line().await? {
                Line::Notice(notice) => return Ok(notice),
                Line::Answer { .. } => {}
            }
        }
    }

    async fn next_line(&mut self) -> Result<Line, Problem> {
        let bytes = read_line(&mut self.reader, &mut self.line)
            .await
            .map_err(|error| broken(&error))?;
        if bytes == 0 {
            return Err(broken(&io::Error::from(io::ErrorKind::UnexpectedEof)));
        }
        frame::decode_line(&self.line).map_err(|error| {
            Problem::new(
                ProblemKind::Bug,
                format!("The node and this program do not understand each other: {error}."),
                "Nothing was changed.",
                "Are they of the same version? End the node and start it again.",
            )
        })
    }
}

fn is_absent(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn broken(error: &io::Error) -> Problem {
    Problem::new(
        ProblemKind::Busy,
        format!("The connection to the running node broke: {error}."),
        "What it had confirmed is safe.",
        "See whether it still runs, then try again.",
    )
}

fn too_long(error: &frame::FrameError) -> Problem {
    Problem::new(
        ProblemKind::Input,
        format!("This is too much for one request: {error}."),
        "Nothing was sent.",
        "",
    )
}
