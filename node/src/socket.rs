//! The door for other programs of the same user: a Unix socket (a named pipe on Windows) in the node's folder.
//!
//! Only its user can connect: the folder has mode 0700 and the socket 0600. Each connection carries one JSON line per
//! question, answer and notice ([`meteorite_protocol::control::frame`]). The server refuses more than
//! [`CONNECTIONS_MAX`] connections and lines longer than the protocol's limit; a client that does not read its notices
//! misses them and is told how many.

mod client;
mod server;

pub use client::Client;
pub(crate) use server::serve;

/// Connections at a time; a further one is closed at once.
pub const CONNECTIONS_MAX: usize = 32;

use interprocess::local_socket::{Name, prelude::*};

use crate::data_dir::DataDir;

/// A line without an end is cut here: the reader never holds more than the longest line.
async fn read_line(
    reader: &mut (impl tokio::io::AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> std::io::Result<usize> {
    use meteorite_protocol::control::frame::CONTROL_LINE_BYTES_MAX;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt};
    line.clear();
    let bytes = reader
        .take(CONTROL_LINE_BYTES_MAX as u64 + 1)
        .read_until(b'\n', line)
        .await?;
    if bytes > CONTROL_LINE_BYTES_MAX {
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "a control line is too long",
        ));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn name(dir: &DataDir) -> std::io::Result<Name<'static>> {
    use interprocess::local_socket::GenericFilePath;
    dir.socket().to_fs_name::<GenericFilePath>().map(Name::into_owned)
}

#[cfg(not(unix))]
fn name(dir: &DataDir) -> std::io::Result<Name<'static>> {
    use interprocess::local_socket::GenericNamespaced;
    let path = dir.socket();
    let hash = meteorite_protocol::ids::sha2_256(path.as_os_str().as_encoded_bytes());
    let short: String = hash.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    format!("meteorite-{short}")
        .to_ns_name::<GenericNamespaced>()
        .map(Name::into_owned)
}
