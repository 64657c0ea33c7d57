//! Opaque bytes over a request-response stream: four bytes of length (big endian), then the payload.
//!
//! The length is checked against the protocol's named maximum before anything is read or allocated; the buffer then grows with what
//! really arrives. Trailing bytes are refused. The codec knows nothing of the payload.

use std::io;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use libp2p::{StreamProtocol, request_response};

use crate::event::Proto;

/// The codec of one protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BytesCodec {
    request_bytes_max: usize,
    answer_bytes_max: usize,
}

impl BytesCodec {
    pub(crate) const fn new(proto: Proto) -> Self {
        Self {
            request_bytes_max: proto.request_bytes_max(),
            answer_bytes_max: proto.answer_bytes_max(),
        }
    }
}

#[async_trait::async_trait]
impl request_response::Codec for BytesCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_frame(io, self.request_bytes_max).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_frame(io, self.answer_bytes_max).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_frame(io, &bytes, self.request_bytes_max).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_frame(io, &bytes, self.answer_bytes_max).await
    }
}

async fn read_frame<T: AsyncRead + Unpin + Send>(io: &mut T, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut prefix = [0; 4];
    io.read_exact(&mut prefix).await?;
    let announced = u32::from_be_bytes(prefix);
    let length = usize::try_from(announced).unwrap_or(usize::MAX);
    if length > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{announced} bytes announced, at most {bytes_max} allowed"),
        ));
    }
    let mut bytes = Vec::with_capacity(length.min(FIRST_BUFFER));
    io.take(u64::from(announced)).read_to_end(&mut bytes).await?;
    if bytes.len() != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

async fn write_frame<T: AsyncWrite + Unpin + Send>(
    io: &mut T,
    bytes: &[u8],
    bytes_max: usize,
) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    if bytes.len() > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{length} bytes to send, at most {bytes_max} allowed"),
        ));
    }
    io.write_all(&length.to_be_bytes()).await?;
    io.write_all(bytes).await?;
    io.close().await
}

/// Bytes allocated on the word of a peer alone.
const FIRST_BUFFER: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use futures::io::Cursor;

    use super::*;

    #[tokio::test]
    async fn frame_round_trips() {
        let mut wire = Vec::new();
        write_frame(&mut wire, b"meteor", 6).await.unwrap();
        assert_eq!(wire[..4], [0, 0, 0, 6]);
        assert_eq!(read_frame(&mut Cursor::new(wire), 6).await.unwrap(), b"meteor");
    }

    #[tokio::test]
    async fn oversize_is_refused_on_both_sides() {
        assert!(write_frame(&mut Vec::new(), &[0; 7], 6).await.is_err());
        let error = read_frame(&mut Cursor::new([0xff; 64]), 6).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn short_frame_is_an_error() {
        let error = read_frame(&mut Cursor::new([0, 0, 0, 9, 1]), 10)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
