//! `/info`: who this server is and how peers reach it, with an invite code made on the spot.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Shared;
use crate::addresses::Addresses;
use crate::clock::Clock;

/// What does not change while a server runs.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The libp2p peer id.
    pub(crate) peer_id: String,
    /// The addresses, which do change.
    pub(crate) addresses: Arc<Addresses>,
    /// The clock that an invite's end is counted from.
    pub(crate) clock: Clock,
}

#[derive(Debug, Serialize)]
struct Info {
    peer_id: String,
    addresses: Vec<String>,
    version: &'static str,
    /// Protocol ids that this server answers.
    protocols: [&'static str; 4],
    /// Absent while there is no address to invite to.
    invite: Option<String>,
    invite_expires_ms: Option<u64>,
}

pub(super) async fn info(State(shared): State<Arc<Shared>>) -> Response {
    let identity = &shared.identity;
    let now = identity.clock.now().wall;
    let invite = match identity.addresses.invite(now) {
        Ok(invite) => invite,
        Err(error) => {
            tracing::warn!(%error, "no invite code could be made");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let (code, expires) = invite.unzip();
    Json(Info {
        peer_id: identity.peer_id.clone(),
        addresses: identity.addresses.full(),
        version: env!("CARGO_PKG_VERSION"),
        protocols: PROTOCOLS,
        invite: code,
        invite_expires_ms: expires,
    })
    .into_response()
}

const PROTOCOLS: [&str; 4] = [
    meteorite_protocol::topic::KAD_PROTOCOL,
    meteorite_protocol::topic::SYNC_PROTOCOL,
    meteorite_protocol::topic::BODY_PROTOCOL,
    meteorite_protocol::topic::MAIL_PROTOCOL,
];
