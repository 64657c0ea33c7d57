//! Waiting for what a command needs from the sea, with an end to every wait and an honest word when it comes to nothing.

use std::time::Duration;

use meteorite_protocol::control::{
    BottleFate, BottleView, HoldState, LetterState, LetterView, Notice, OwnBottleView, Reply, Request,
};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Door, Notices, Session};
use crate::failure::Failure;

/// How long a node of our own looks for its first neighbour.
const NEIGHBOUR_WAIT: Duration = Duration::from_secs(8);
/// How long after the first neighbour the sky may still fill.
const SKY_WAIT: Duration = Duration::from_secs(4);
/// The sky counts as filled when nothing came for this long.
const SKY_CALM: Duration = Duration::from_millis(800);
/// How long a node of our own tries to hand something over.
const HAND_OVER_WAIT: Duration = Duration::from_secs(15);
/// How long a running node is given for the same: it goes on by itself.
const HAND_OVER_GLANCE: Duration = Duration::from_secs(2);
/// Two ticks of a claim and the time it takes to settle, rounded up.
const CLAIM_WAIT: Duration = Duration::from_secs(7);
/// For a message that nobody confirms to leave through every connection.
const LEAVE_WAIT: Duration = Duration::from_millis(1_500);
/// Between two looks at a node's state.
const LOOK: Duration = Duration::from_millis(100);

impl Session {
    /// Waits for a first neighbour where the node is our own. Says so when none came; that is no failure.
    pub(crate) async fn find_neighbours(&mut self) -> Result<bool, Failure> {
        if self.offline {
            return Ok(false);
        }
        let deadline = Instant::now() + NEIGHBOUR_WAIT;
        let spinner = self.output().spinner("looking for neighbours");
        let found = loop {
            let peers = self.snapshot().await?.peers;
            if peers > 0 || !self.is_own() || Instant::now() >= deadline {
                break peers > 0;
            }
            sleep(LOOK).await;
        };
        spinner.finish_and_clear();
        if !found {
            self.output().note(NOBODY)?;
        }
        Ok(found)
    }

    /// Waits for a neighbour and then until the sky has stopped filling, where the node is our own.
    pub(crate) async fn fill_sky(&mut self) -> Result<(), Failure> {
        if !self.is_own() || !self.find_neighbours().await? {
            return Ok(());
        }
        let spinner = self.output().spinner("looking at the sky");
        let deadline = Instant::now() + SKY_WAIT;
        let mut drifting = 0;
        let mut calm_since = Instant::now();
        while Instant::now() < deadline && calm_since.elapsed() < SKY_CALM {
            let now = self.snapshot().await?.drifting;
            if now != drifting {
                (drifting, calm_since) = (now, Instant::now());
            }
            sleep(LOOK).await;
        }
        spinner.finish_and_clear();
        Ok(())
    }

    /// Follows a thrown bottle until a neighbour took it, or the time is over; returns what is proven by then.
    pub(crate) async fn hand_over_bottle(
        &mut self,
        thrown: OwnBottleView,
        notices: &mut Notices,
    ) -> Result<OwnBottleView, Failure> {
        let mut known = thrown;
        let deadline = self.hand_over_deadline();
        let spinner = self.output().spinner("waiting for a neighbour to take it");
        while known.fate == BottleFate::Queued {
            let Ok(notice) = timeout_at(deadline, notices.next()).await else {
                break;
            };
            if let Notice::Bottle(own) = notice?
                && own.stone.bottle == known.stone.bottle
            {
                // The notice does not repeat the kind word to the writer.
                known = OwnBottleView {
                    nudge: known.nudge,
                    ..own
                };
            }
        }
        spinner.finish_and_clear();
        if known.fate == BottleFate::Queued && self.is_own() {
            self.output().note(STAYS_QUEUED)?;
        }
        Ok(known)
    }

    /// Follows a sent letter until a mailbox signed for it, or the time is over.
    pub(crate) async fn hand_over_letter(
        &mut self,
        sent: LetterView,
        notices: &mut Notices,
    ) -> Result<LetterView, Failure> {
        let mut known = sent;
        let deadline = self.hand_over_deadline();
        let spinner = self.output().spinner("waiting for a mailbox to take it");
        while known.state == LetterState::Queued {
            let Ok(notice) = timeout_at(deadline, notices.next()).await else {
                break;
            };
            if let Notice::Letter(letter) = notice?
                && letter.letter == known.letter
            {
                known = letter;
            }
        }
        spinner.finish_and_clear();
        if known.state == LetterState::Queued && self.is_own() {
            self.output().note(STAYS_QUEUED)?;
        }
        Ok(known)
    }

    /// Waits until a claim is settled where the node is our own, and returns the bottle as it stands then.
    pub(crate) async fn settle_claim(&mut self, opened: BottleView) -> Result<BottleView, Failure> {
        if self.offline || !self.is_own() || opened.state != Some(HoldState::Provisional) {
            return Ok(opened);
        }
        let spinner = self.output().spinner("letting the others know");
        let deadline = Instant::now() + CLAIM_WAIT;
        let mut known = opened;
        while known.state == Some(HoldState::Provisional) && Instant::now() < deadline {
            sleep(5 * LOOK).await;
            let reply = self
                .ask(Request::Read {
                    bottle: known.stone.bottle.clone(),
                })
                .await?;
            let Reply::Read(bottle) = reply else {
                return Err(Failure::unexpected(&reply));
            };
            known = bottle;
        }
        spinner.finish_and_clear();
        Ok(known)
    }

    /// Gives a message that nobody confirms time to leave, where the node is our own.
    pub(crate) async fn let_it_leave(&mut self) -> Result<(), Failure> {
        if self.is_own() && self.snapshot().await?.peers > 0 {
            sleep(LEAVE_WAIT).await;
        }
        Ok(())
    }

    fn hand_over_deadline(&self) -> Instant {
        let wait = match &self.door {
            Door::Own(_) if self.offline => Duration::ZERO,
            Door::Own(_) => HAND_OVER_WAIT,
            Door::Socket(_) => HAND_OVER_GLANCE,
        };
        Instant::now() + wait
    }
}

const NOBODY: &str = "No neighbour could be reached just now; what is shown is what this computer knows. \
                      `meteorite join CODE` meets the peers of an invitation, `meteorite doctor` looks for the cause.";
const STAYS_QUEUED: &str = "It is safe on this computer and has not left yet: nobody was reachable. It leaves the next time a node \
                            runs here (`meteorite node run`, the app, or any other command).";
