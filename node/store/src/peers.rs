//! Peers that were reached before, so that a start needs no server.
//!
//! A bounded address book, cache by nature: losing it costs a detour over a bootstrap server. Addresses are stored as text and
//! never logged above DEBUG.

use async_trait::async_trait;
use meteorite_protocol::ids::Peer;
use meteorite_protocol::time::UnixMillis;
use sqlx::sqlite::SqliteRow;

use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Cells, Writer, int, limit, readable, stored_enum};

stored_enum!(
    /// How a peer became known.
    pub enum PeerSource {
        /// It was a neighbour.
        Met = 0,
        /// An invite named it.
        Invite = 1,
        /// The configuration names it: it is never trimmed.
        Bootstrap = 2,
    }
);

/// A peer and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRow {
    /// Who.
    pub peer: Peer,
    /// Multiaddresses, best first; at most [`PEER_ADDRESSES_MAX`] are stored.
    pub addresses: Vec<String>,
    /// How it became known.
    pub source: PeerSource,
    /// When it was last connected; 0 for never.
    pub last_seen: UnixMillis,
    /// When it was last dialled; 0 for never.
    pub last_try: UnixMillis,
    /// Dials that failed since it was last connected.
    pub failures: u32,
}

/// A change of the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerWrite {
    /// Stores or replaces a peer.
    PutPeer(PeerRow),
    /// Notes that a peer is connected.
    PeerSeen {
        /// Who.
        peer: Peer,
        /// When.
        at: UnixMillis,
    },
    /// Notes that a dial failed.
    PeerFailed {
        /// Who.
        peer: Peer,
        /// When.
        at: UnixMillis,
    },
    /// Forgets a peer.
    DeletePeer(Peer),
    /// Keeps the most hopeful [`PEERS_MAX`] peers and those of the configuration.
    TrimPeers,
}

/// The address book. Changes go through [`crate::Db::commit`] or the write-behind.
#[async_trait]
pub trait PeerStore: Send + Sync {
    /// Whom to dial first: few failures, then seen lately.
    async fn peers_to_dial(&self, limit: usize) -> Result<Vec<PeerRow>, StoreError>;

    /// One peer.
    async fn peer(&self, peer: &Peer) -> Result<Option<PeerRow>, StoreError>;

    /// How many peers are known.
    async fn peer_count(&self) -> Result<u64, StoreError>;
}

#[async_trait]
impl PeerStore for Db {
    async fn peers_to_dial(&self, limit_rows: usize) -> Result<Vec<PeerRow>, StoreError> {
        let rows = sqlx::query(
            "-- peers_to_dial
             SELECT peer, addresses, source, last_seen_ms, last_try_ms, failures FROM peers
             ORDER BY failures, last_seen_ms DESC, peer LIMIT ?1",
        )
        .bind(limit(limit_rows))
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(read_peer))
    }

    async fn peer(&self, peer: &Peer) -> Result<Option<PeerRow>, StoreError> {
        let row = sqlx::query("-- peers_one\nSELECT peer, addresses, source, last_seen_ms, last_try_ms, failures FROM peers WHERE peer = ?1")
            .bind(peer.as_bytes())
            .fetch_optional(self.reader())
            .await?;
        row.map(|row| read_peer(&row)).transpose()
    }

    async fn peer_count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("-- peers_count\nSELECT count(*) FROM peers")
            .fetch_one(self.reader())
            .await?;
        Ok(count.unsigned_abs())
    }
}

/// Applies one change inside a transaction.
pub(crate) async fn apply(write: PeerWrite, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let query = match write {
        PeerWrite::PutPeer(row) => sqlx::query(
            "-- peers_put
             INSERT OR REPLACE INTO peers (peer, addresses, source, last_seen_ms, last_try_ms, failures)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(row.peer.as_bytes().to_vec())
        .bind(joined(&row.addresses))
        .bind(row.source.code())
        .bind(int(row.last_seen.0))
        .bind(int(row.last_try.0))
        .bind(row.failures),
        PeerWrite::PeerSeen { peer, at } => sqlx::query(
            "-- peers_seen
             UPDATE peers SET last_seen_ms = max(last_seen_ms, ?2), last_try_ms = max(last_try_ms, ?2), failures = 0 WHERE peer = ?1",
        )
        .bind(peer.as_bytes().to_vec())
        .bind(int(at.0)),
        PeerWrite::PeerFailed { peer, at } => {
            sqlx::query("-- peers_failed\nUPDATE peers SET last_try_ms = max(last_try_ms, ?2), failures = failures + 1 WHERE peer = ?1")
                .bind(peer.as_bytes().to_vec())
                .bind(int(at.0))
        }
        PeerWrite::DeletePeer(peer) => {
            sqlx::query("-- peers_delete\nDELETE FROM peers WHERE peer = ?1").bind(peer.as_bytes().to_vec())
        }
        PeerWrite::TrimPeers => sqlx::query(
            "-- peers_trim
             DELETE FROM peers WHERE source <> ?2 AND peer NOT IN
                (SELECT peer FROM peers ORDER BY failures, last_seen_ms DESC, peer LIMIT ?1)",
        )
        .bind(limit(PEERS_MAX))
        .bind(PeerSource::Bootstrap.code()),
    };
    query.execute(&mut *on.conn).await?;
    Ok(())
}

fn read_peer(row: &SqliteRow) -> Result<PeerRow, StoreError> {
    let mut cells = Cells::new("peers", row);
    let peer = Peer::new(cells.blob()?).ok_or(StoreError::BadRow {
        table: "peers",
        column: 0,
    })?;
    Ok(PeerRow {
        peer,
        addresses: cells.text()?.lines().map(str::to_owned).collect(),
        source: cells.code()?,
        last_seen: cells.millis()?,
        last_try: cells.millis()?,
        failures: cells.int()?,
    })
}

/// One address per line; a multiaddress has no line breaks, and one that pretends to is left out.
fn joined(addresses: &[String]) -> String {
    let sound = addresses
        .iter()
        .filter(|address| !address.is_empty() && !address.contains(['\n', '\r']));
    sound
        .take(PEER_ADDRESSES_MAX)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The most peers that [`PeerWrite::TrimPeers`] leaves, besides those of the configuration.
pub const PEERS_MAX: usize = 1_000;
/// The most addresses of one peer; further ones are left out.
pub const PEER_ADDRESSES_MAX: usize = 8;
