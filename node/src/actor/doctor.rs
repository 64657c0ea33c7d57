//! The diagnosis in plain words: do I know anyone, can I be reached, is the disk well, is the clock right?

use std::collections::BTreeSet;

use meteorite_protocol::control::{DoctorFinding, Finding, Reach, Reply};
use meteorite_protocol::time::DAY_MS;

use super::Actor;
use super::trouble::Trouble;

impl Actor {
    pub(super) async fn doctor(&mut self) -> Result<Reply, Trouble> {
        let mut findings = vec![
            self.about_neighbours(),
            self.about_reach(),
            self.about_servers(),
            self.about_mailboxes(),
            self.about_clock(),
            self.about_bodies(),
            self.about_folder(),
            self.about_letters(),
        ];
        findings.push(self.about_database().await);
        findings.sort_by_key(|finding| finding.finding);
        Ok(Reply::Doctor(findings))
    }

    fn about_neighbours(&self) -> DoctorFinding {
        let peers = self.network.peers();
        let next = if self.config.bootstrap.is_empty() {
            "Ask somebody for an invitation (`meteorite join CODE`), or put a server into bootstrap.toml."
        } else {
            "Check your connection to the internet; the servers are dialled again and again."
        };
        match peers {
            0 => finding(Finding::Bad, "neighbours", "No neighbour is connected.", next),
            1..=2 => finding(
                Finding::Warn,
                "neighbours",
                format!("Only {peers} connected."),
                "More come with time.",
            ),
            _ => finding(Finding::Good, "neighbours", format!("{peers} connected."), ""),
        }
    }

    fn about_reach(&self) -> DoctorFinding {
        let about = "reachability";
        match self.network.reach() {
            Reach::Public => finding(
                Finding::Good,
                about,
                "Others can dial this node from the internet.",
                "",
            ),
            Reach::Relayed => finding(
                Finding::Good,
                about,
                "Others reach this node through a relay.",
                "",
            ),
            Reach::Private => finding(
                Finding::Warn,
                about,
                "Others cannot dial this node; it works as long as it dials them.",
                "A router with UPnP, a forwarded port or a bootstrap server with a relay helps.",
            ),
            Reach::Unknown => finding(
                Finding::Warn,
                about,
                "Nobody has tested yet whether others can dial this node.",
                "",
            ),
        }
    }

    fn about_servers(&self) -> DoctorFinding {
        let about = "bootstrap servers";
        let connected: BTreeSet<_> = self.network.neighbours().collect();
        let all: Vec<_> = self.network.bootstraps().collect();
        let here = all.iter().filter(|peer| connected.contains(peer)).count();
        match (all.len(), here) {
            (0, _) => finding(
                Finding::Warn,
                about,
                "None is configured; peers are found by invitation and in the local network.",
                "",
            ),
            (all, 0) => finding(
                Finding::Bad,
                about,
                format!("None of {all} answers."),
                "Check the addresses in bootstrap.toml and your connection to the internet.",
            ),
            (all, here) => finding(Finding::Good, about, format!("{here} of {all} connected."), ""),
        }
    }

    fn about_mailboxes(&self) -> DoctorFinding {
        let about = "mailboxes";
        match self.network.mailboxes().count() {
            0 => finding(
                Finding::Warn,
                about,
                "No neighbour holds letters for others.",
                "Letters wait here until one does.",
            ),
            1 => finding(
                Finding::Warn,
                about,
                "One neighbour holds letters for others; two receipts are wanted.",
                "",
            ),
            count => finding(
                Finding::Good,
                about,
                format!("{count} neighbours hold letters for others."),
                "",
            ),
        }
    }

    fn about_clock(&self) -> DoctorFinding {
        let about = "clock";
        let now = self.shell.now().wall;
        if now.0 < BUILT_AFTER_MS {
            let next = "Set the date and time of this computer; bottles are dated to ten minutes.";
            return finding(
                Finding::Bad,
                about,
                "The clock of this computer is years behind.",
                next,
            );
        }
        if let Err(problem) = self.check_clock() {
            return finding(Finding::Bad, about, problem.what, problem.next);
        }
        finding(Finding::Good, about, "The clock agrees with the sea.", "")
    }

    fn about_bodies(&self) -> DoctorFinding {
        let used = self.shell.body_use();
        let what = format!(
            "{} texts of bottles take {} of {} MiB.",
            used.bodies,
            used.bytes >> 20,
            used.bytes_max >> 20
        );
        let full = used.bytes.saturating_mul(10) >= used.bytes_max.saturating_mul(9);
        let level = if full { Finding::Warn } else { Finding::Good };
        finding(
            level,
            "texts",
            what,
            if full {
                "Old texts make room for new ones; nothing is to do."
            } else {
                ""
            },
        )
    }

    fn about_folder(&self) -> DoctorFinding {
        let path = self.dir.root().join(".doctor");
        let written =
            crate::data_dir::write_private(&path, b"probe").and_then(|()| std::fs::remove_file(&path));
        match written {
            Ok(()) => finding(
                Finding::Good,
                "folder",
                format!("{} can be written.", self.dir.root().display()),
                "",
            ),
            Err(error) => finding(
                Finding::Bad,
                "folder",
                format!("{} cannot be written: {error}.", self.dir.root().display()),
                "Make room on the disk, or give yourself the right to write there.",
            ),
        }
    }

    fn about_letters(&self) -> DoctorFinding {
        let waiting = self.mail.post.unsettled(self.shell.now());
        match waiting {
            0 => finding(Finding::Good, "letters", "No letter waits for a mailbox.", ""),
            count => finding(
                Finding::Warn,
                "letters",
                format!("{count} letters do not have two receipts yet."),
                "Leave the node running; they are tried again by themselves.",
            ),
        }
    }

    async fn about_database(&self) -> DoctorFinding {
        match self.shell.db().integrity_check().await {
            Ok(()) => finding(Finding::Good, "database", "The database is sound.", ""),
            Err(error) => finding(
                Finding::Bad,
                "database",
                error.to_string(),
                "Make a copy of the folder, then restore a backup.",
            ),
        }
    }
}

fn finding(finding: Finding, about: &str, what: impl Into<String>, next: impl Into<String>) -> DoctorFinding {
    DoctorFinding {
        finding,
        about: about.to_owned(),
        what: what.into(),
        next: next.into(),
    }
}

/// 2026-01-01: no clock that is right shows less.
const BUILT_AFTER_MS: u64 = 20_454 * DAY_MS;
