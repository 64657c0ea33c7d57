//! Bodies to and from neighbours, by `/meteorite/body/1`.

use meteorite_net::{Net, PeerId, Proto};
use meteorite_protocol::ids::BodyId;
use meteorite_protocol::wire::{BodyAnswer, BodyBlock, BodyRequest, Bytes, Wire};

/// What came of a fetch.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    /// Bodies that were asked for, their hashes checked.
    pub(crate) blocks: Vec<BodyBlock>,
    /// The peer sent what was not asked for, or what is no answer.
    pub(crate) broken: bool,
}

/// Asks one peer for these bodies.
pub(crate) async fn fetch(net: &Net, peer: PeerId, bodies: Vec<BodyId>) -> Fetched {
    let request = BodyRequest { ids: bodies.clone() }.encode();
    let Ok(answer) = net.call(peer, Proto::Body, request).await else {
        return Fetched::default();
    };
    let Ok(answer) = BodyAnswer::decode(&answer) else {
        return Fetched {
            blocks: Vec::new(),
            broken: true,
        };
    };
    let mut fetched = Fetched::default();
    for block in answer.blocks {
        match BodyBlock::new(block.0) {
            Ok(block) if bodies.contains(&block.id()) => fetched.blocks.push(block),
            Ok(_) | Err(_) => fetched.broken = true,
        }
    }
    fetched
}

/// The answer to a request for these bodies: as many as are here and fit.
pub(crate) async fn answer(net: &Net, bodies: Vec<BodyId>) -> Vec<u8> {
    let mut blocks = Vec::new();
    let mut bytes = ANSWER_HEAD_BYTES;
    for body in bodies {
        let Ok(Some(block)) = net.content().get_local(&body.cid()).await else {
            continue;
        };
        bytes += block.len() + BLOCK_HEAD_BYTES;
        if bytes > BodyAnswer::BYTES_MAX {
            break;
        }
        blocks.push(Bytes(block));
    }
    BodyAnswer { blocks }.encode()
}

/// More than the head of the answer's map or list ever takes.
const ANSWER_HEAD_BYTES: usize = 64;
/// The head of a byte string of up to 64 KiB.
const BLOCK_HEAD_BYTES: usize = 3;
