//! How things are: made anew after each step, told at most a few times a second.

use std::sync::Arc;

use meteorite_protocol::control::{Allowance, Snapshot};
use meteorite_protocol::economy::{self, Spending};
use meteorite_protocol::hold::CatchState;
use meteorite_protocol::mine::Stage;
use meteorite_protocol::topic::Topic;

use super::Actor;

/// Milliseconds between two snapshots.
const SNAPSHOT_EVERY_MS: u64 = 100;

impl Actor {
    /// Tells the new picture if the last one is old enough; what is held back is told with the next tick.
    pub(super) fn tell_snapshot(&mut self) {
        let now = self.shell.now().mono_ms;
        if self
            .told_ms
            .is_some_and(|told| now.saturating_sub(told) < SNAPSHOT_EVERY_MS)
        {
            return;
        }
        self.told_ms = Some(now);
        let picture = self.snapshot();
        self.wires.snapshot.send_if_modified(|told| {
            let same = Snapshot {
                at_ms: picture.at_ms,
                ..Snapshot::clone(told)
            } == picture;
            if !same {
                *told = Arc::new(picture);
            }
            !same
        });
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let now = self.shell.now();
        let me = self.shell.net().local_peer();
        let engine = self.shell.engine();
        let bodies = self.shell.body_use();
        let drifting = |stage: Stage| !matches!(stage, Stage::Sunk | Stage::Withdrawn);
        let own = engine
            .mine()
            .rows()
            .filter_map(|row| engine.truth(&row.bottle.id, now));
        let hold = engine
            .hold()
            .rows()
            .filter(|row| matches!(row.state, CatchState::InHold));
        let stamp_bits = (0..meteorite_protocol::limits::SKY_SHARDS)
            .map(|shard| engine.admission().required_bits(Topic::Sky(shard), now.mono_ms))
            .max();
        Snapshot {
            peer: me.to_string(),
            listening: self.network.listening(&me),
            external: self.network.external(),
            reach: self.network.reach(),
            peers: self.network.peers(),
            relayed: self.network.relayed(),
            drifting: count(engine.sky().len()),
            bodies: bodies.bodies,
            body_bytes: bodies.bytes,
            body_bytes_max: bodies.bytes_max,
            own_drifting: count(own.filter(|truth| drifting(truth.stage())).count()),
            hold: count(hold.count()),
            unread: self.unread,
            outbox: count(self.mail.post.unsettled(now)),
            mailbox: self.held_for_others,
            mailboxes: count(self.network.mailboxes().count()),
            throws: allowance(&engine.allowance(Spending::Throw, now)),
            opens: allowance(&engine.allowance(Spending::Open, now)),
            stamp_bits: stamp_bits
                .and_then(|bits| u8::try_from(bits).ok())
                .unwrap_or_default(),
            at_ms: now.wall.0,
        }
    }
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

fn allowance(of: &economy::Allowance) -> Allowance {
    Allowance {
        left: of.left(),
        of: of.allowed,
        renews_ms: of.renews_at.0,
    }
}
