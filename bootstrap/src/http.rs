//! HTTP for the operator: is it alive, is it ready, how is it doing, how do peers reach it.
//!
//! Four GET routes and nothing that changes anything. Meant for loopback or a private network; the listener bounds how many
//! connections there are and how long each may last ([`listener`]), so that a slow client cannot hold the server.

mod info;
mod listener;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::error::StartError;
use crate::health::Health;

pub(crate) use info::Identity;
use listener::Bounded;

/// What the routes read.
#[derive(Debug)]
pub(crate) struct Shared {
    /// How the server is doing.
    pub(crate) health: Arc<Health>,
    /// The metrics.
    pub(crate) registry: Registry,
    /// Who the server is.
    pub(crate) identity: Identity,
}

/// A bound HTTP socket that is not served yet, so that a port in use is found before anything else starts.
#[derive(Debug)]
pub(crate) struct Door {
    listener: TcpListener,
    address: SocketAddr,
}

impl Door {
    /// Binds the address.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, StartError> {
        let refused = |detail| StartError::Http { address, detail };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// Where it listens, with the real port.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until the token is cancelled, then finishes what is under way.
    pub(crate) async fn serve(self, shared: Arc<Shared>, stop: CancellationToken) {
        let app = Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .route("/info", get(info::info))
            .with_state(shared);
        let bounded = Bounded::new(self.listener);
        let served = axum::serve(bounded, app)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::warn!(%error, "the HTTP listener ended");
        }
    }
}

/// 200 while the event loop turns; otherwise a supervisor should restart the server.
async fn healthz(State(shared): State<Arc<Shared>>) -> Response {
    match shared.health.stalled() {
        None => (StatusCode::OK, "ok\n").into_response(),
        Some(silence) => {
            let text = format!(
                "the event loop has not turned for {} seconds\n",
                silence.as_secs()
            );
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

/// 200 while peers can be served; otherwise a load balancer should send them elsewhere.
async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    match shared.health.unready() {
        None => (StatusCode::OK, "ready\n").into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &shared.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => {
            tracing::warn!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
