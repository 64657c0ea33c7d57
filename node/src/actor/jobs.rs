//! What the actor's jobs bring back.

use meteorite_crypto::sign::SigningKey;
use meteorite_ml::parser::Analysis;
use meteorite_net::{DialError, Multiaddr, PeerId};
use meteorite_protocol::control::Reply;
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::wire::Place;
use tokio::sync::oneshot;

use super::{Actor, mail, trouble::Trouble};
use crate::vault::bottle::Stamp;

/// The end of a job.
pub(super) enum Done {
    /// A stamp was mined, or the mining was cancelled.
    Stamp {
        throw: u64,
        stamp: Option<Stamp>,
        /// What the text says; nothing if it could not be read.
        read: Option<Box<Analysis>>,
    },
    /// The work of a claim was mined, or the mining was cancelled.
    Claim(Box<MinedClaim>),
    /// A dial ended.
    Dialled {
        address: Multiaddr,
        outcome: Result<PeerId, DialError>,
        reply: Option<oneshot::Sender<Reply>>,
    },
    /// A mailbox answered, or did not.
    Mail(mail::Answered),
}

/// A claim that lacks only its time and its signature.
pub(super) struct MinedClaim {
    pub(super) bottle: BottleId,
    pub(super) place: Place,
    pub(super) key: SigningKey,
    pub(super) work: Option<u64>,
}

impl Actor {
    pub(super) async fn on_done(&mut self, done: Done) -> Result<(), Trouble> {
        match done {
            Done::Stamp { throw, stamp, read } => self.on_stamp(throw, stamp, read).await,
            Done::Claim(mined) => self.on_claim_mined(*mined).await,
            Done::Dialled {
                address,
                outcome,
                reply,
            } => {
                self.on_dialled(&address, outcome, reply);
                Ok(())
            }
            Done::Mail(answered) => self.on_mail(answered).await,
        }
    }
}
