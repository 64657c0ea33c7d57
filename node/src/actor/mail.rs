//! The post of this user: where letters are left, from where they are fetched, and what is proven of them.
//!
//! `protocol::post` decides; here its questions are asked, its rows stored and its findings told. Rows go to the disk before a
//! question that follows from them is asked.

use std::collections::BTreeMap;

use meteorite_net::{PeerId, Proto};
use meteorite_protocol::control::Notice;
use meteorite_protocol::ids::{BottleId, LetterId, MailAddress, Peer, sha2_256};
use meteorite_protocol::post::{
    Errand, InboxRow, LetterRow, LookupPoint, PollRow, Post, PostEffect, PostRows, Watch,
};
use meteorite_protocol::rows::{decode, encode};
use meteorite_protocol::schedule::Jitter;
use meteorite_protocol::thread::{ThreadEffect, ThreadRow, Threads};
use meteorite_protocol::time::{DAY_MS, Now};
use meteorite_protocol::topic::MAIL_PROTOCOL;
use meteorite_protocol::validate::{Params, time_rules};
use meteorite_protocol::wire::{MailAnswer, MailRequest, Wire, letter::author_address};
use meteorite_shell::{peer_id, peer_of};
use meteorite_store::{CoreRow, Db, OwnStore, OwnWrite, StoreError, Unit, Write};

use super::jobs::Done;
use super::{Actor, Trouble};

/// Look-ups of mailboxes and questions to them that came back.
pub(super) enum Answered {
    /// A mailbox answered, or did not.
    Mailbox {
        peer: Peer,
        errand: Errand,
        answer: Option<MailAnswer>,
    },
    /// The peers closest to a point that offer mail.
    Found { point: LookupPoint, peers: Vec<Peer> },
}

/// The machines of letters and threads.
pub(super) struct Mail {
    pub(super) post: Post,
    pub(super) threads: Threads,
    /// Where letters to own bottles wait.
    addresses: BTreeMap<BottleId, MailAddress>,
}

impl Mail {
    /// Restores both from their rows.
    pub(super) async fn restore(
        db: &Db,
        me: Peer,
        params: Params,
        seed: [u8; 32],
    ) -> Result<Self, StoreError> {
        let rows = PostRows {
            letters: load::<LetterRow>(db, OUTBOX).await?,
            inbox: load::<InboxRow>(db, INBOX).await?,
            polls: load::<PollRow>(db, POLLS).await?,
        };
        let threads = Threads::restore(load::<ThreadRow>(db, THREADS).await?);
        Ok(Self {
            post: Post::restore(rows, me, params, Jitter::new(seed)),
            threads,
            addresses: BTreeMap::new(),
        })
    }

    /// A claim was seen: if the bottle is ours, a letter has become likely.
    pub(super) fn on_claimed(&mut self, bottle: BottleId, now: Now) {
        if let Some(address) = self.addresses.get(&bottle) {
            self.post.handle_expected(address, now);
        }
    }
}

impl Actor {
    /// Takes up fetching and sending after a start.
    pub(super) async fn start_mail(&mut self) -> Result<(), Trouble> {
        let now = self.shell.now();
        for row in self.shell.db().own_bottles().await? {
            self.watch_own(row.bottle, &row.nonce, row.expires_at);
        }
        // Everybody asks mailboxes: whoever has thrown and opened nothing asks for an address that nobody has.
        self.mail.post.handle_watch(Watch {
            address: MailAddress(rand::random()),
            bottle: BottleId([0; 32]),
            until: now.wall.plus_ms(DECOY_MS),
        });
        let mut threads = Vec::new();
        self.mail.threads.handle_start(now, &mut threads);
        let mut post = Vec::new();
        self.mail.post.handle_start(now, &mut post);
        self.mail
            .post
            .handle_own_mailbox(self.config.volunteer, now, &mut post);
        self.carry_out(threads, post, Vec::new()).await?;
        self.begin_missing_threads().await
    }

    /// Letters to an own bottle wait at its address until two weeks after its end.
    pub(super) fn watch_own(
        &mut self,
        bottle: BottleId,
        nonce: &meteorite_protocol::ids::Nonce,
        expires_at: meteorite_protocol::time::Epoch,
    ) {
        let keys = self.keys.root.bottle_keys(&nonce.0);
        let author = meteorite_protocol::ids::AuthorKey(keys.author.public());
        let address = author_address(&author, &meteorite_protocol::ids::ReplyKey(keys.reply.public()));
        let until = time_rules::letters_end(expires_at);
        self.mail.addresses.insert(bottle, address);
        if until > self.shell.now().wall
            && !self.mail.post.handle_watch(Watch {
                address,
                bottle,
                until,
            })
        {
            tracing::warn!("too many addresses are watched for letters; the newest is left out");
        }
    }

    pub(super) async fn on_mail(&mut self, answered: Answered) -> Result<(), Trouble> {
        let now = self.shell.now();
        let mut effects = Vec::new();
        match answered {
            Answered::Mailbox { peer, errand, answer } => {
                self.mail
                    .post
                    .handle_answer(&peer, errand, answer, now, &mut effects);
            }
            Answered::Found { point, peers } => self.mail.post.handle_found(point, &peers, now, &mut effects),
        }
        self.carry_out(Vec::new(), effects, Vec::new()).await
    }

    pub(super) async fn tick_mail(&mut self) -> Result<(), Trouble> {
        let now = self.shell.now();
        let (mut threads, mut post) = (Vec::new(), Vec::new());
        self.mail.threads.handle_tick(now, &mut threads);
        self.mail.post.handle_tick(now, &mut post);
        self.carry_out(threads, post, Vec::new()).await
    }

    /// Stores all rows of a step of the letter machines in one transaction, then asks and tells. Opening a letter makes more
    /// effects; they are a step of their own.
    pub(super) async fn carry_out(
        &mut self,
        threads: Vec<ThreadEffect>,
        mut post: Vec<PostEffect>,
        rows: Vec<Write>,
    ) -> Result<(), Trouble> {
        let now = self.shell.now();
        let mut unit = Unit::new("letters");
        unit.extend(rows);
        let mut told = Vec::new();
        for effect in threads {
            match effect {
                ThreadEffect::Save(row) => {
                    let id = [row.start.id.bottle.0, row.start.id.claimant.0].concat();
                    unit.push(put(THREADS, id, encode(&row)));
                }
                ThreadEffect::Watch(watch) => {
                    if !self.mail.post.handle_watch(watch) {
                        tracing::warn!("too many addresses are watched for letters; the newest is left out");
                    }
                }
                ThreadEffect::Unwatch(address) => self.mail.post.handle_unwatch(&address),
                ThreadEffect::Collected(letter) => self.mail.post.handle_collected(letter, now, &mut post),
                ThreadEffect::Event(event) => told.push(event),
            }
        }
        let rest = store_post(post, &mut unit);
        if !unit.is_empty() {
            self.shell
                .commit(unit)
                .await
                .map_err(meteorite_shell::StepError::from)?;
        }
        let mut received = Vec::new();
        for effect in rest {
            match effect {
                PostEffect::FindMailboxes(point) => self.find_mailboxes(point),
                PostEffect::Ask(peer, errand, request) => self.ask_mailbox(peer, errand, *request).await?,
                PostEffect::Received(letter, _) => received.push(letter),
                PostEffect::Truth(letter, _) => self.tell_letter(letter).await?,
                PostEffect::SaveLetter(_)
                | PostEffect::SaveInbox(_)
                | PostEffect::DeleteInbox(_)
                | PostEffect::SavePoll(_)
                | PostEffect::DeletePoll(_) => {}
            }
        }
        for letter in received {
            Box::pin(self.open_letter(letter)).await?;
        }
        Ok(())
    }

    /// Offers letters without two receipts to everybody who takes mail, and waits a moment for the answers.
    pub(super) async fn hand_over(&mut self) -> Result<(), Trouble> {
        let now = self.shell.now();
        let others: Vec<Peer> = self
            .network
            .mailboxes()
            .filter_map(|peer| peer_of(&peer))
            .collect();
        let mut effects = Vec::new();
        self.mail.post.handle_shutdown(&others, now, &mut effects);
        self.carry_out(Vec::new(), effects, Vec::new()).await?;
        let deadline = tokio::time::Instant::now() + HAND_OVER_MAX;
        while self.mail.post.unsettled(self.shell.now()) > 0 {
            let done = tokio::select! {
                Some(Ok(done)) = self.jobs.join_next() => done,
                happening = self.shell.next() => {
                    self.shell.handle(happening).await?;
                    continue;
                }
                () = tokio::time::sleep_until(deadline) => return Ok(()),
            };
            if let Done::Mail(answered) = done {
                self.on_mail(answered).await?;
            }
        }
        Ok(())
    }

    /// The bootstrap servers among our neighbours hold letters.
    pub(super) async fn tell_bootstraps(&mut self) -> Result<(), Trouble> {
        let peers: Vec<Peer> = self
            .network
            .bootstraps()
            .filter_map(|peer| peer_of(&peer))
            .collect();
        let mut effects = Vec::new();
        self.mail
            .post
            .handle_bootstraps(&peers, self.shell.now(), &mut effects);
        self.carry_out(Vec::new(), effects, Vec::new()).await
    }

    async fn ask_mailbox(&mut self, peer: Peer, errand: Errand, request: MailRequest) -> Result<(), Trouble> {
        if peer_of(&self.shell.net().local_peer()).is_some_and(|me| me == peer) {
            let answer = self.shell.ask_own_mailbox(&request.encode()).await?;
            let answer = answer.and_then(|bytes| MailAnswer::decode(&bytes).ok());
            self.jobs
                .spawn(async move { Done::Mail(Answered::Mailbox { peer, errand, answer }) });
            return Ok(());
        }
        let net = self.shell.net().clone();
        self.jobs.spawn(async move {
            let answer = match peer_id(&peer) {
                Some(id) => net.call(id, Proto::Mail, request.encode()).await.ok(),
                None => None,
            };
            let answer = answer.and_then(|bytes| MailAnswer::decode(&bytes).ok());
            Done::Mail(Answered::Mailbox { peer, errand, answer })
        });
        Ok(())
    }

    /// Kad knows who is close; who offers mail is known only of those we are connected to, so the closest are dialled.
    fn find_mailboxes(&mut self, point: LookupPoint) {
        let net = self.shell.net().clone();
        let near: Vec<PeerId> = self.network.mailboxes().collect();
        self.jobs.spawn(async move {
            let mut offering: Vec<PeerId> = near;
            if let Ok(found) = net.closest_peers(point.kad_key()).await {
                for (peer, addresses) in found.into_iter().take(CLOSEST_DIALLED) {
                    if offering.contains(&peer) {
                        continue;
                    }
                    for address in addresses.into_iter().take(2) {
                        if net.learn(peer, address).await.is_err() {
                            break;
                        }
                    }
                    offering.push(peer);
                }
            }
            offering.sort_by_key(|peer| distance(point, peer));
            let peers = offering.iter().filter_map(peer_of).collect();
            Done::Mail(Answered::Found { point, peers })
        });
    }

    /// The state of a sent letter changed.
    async fn tell_letter(&mut self, letter: LetterId) -> Result<(), Trouble> {
        if let Some(view) = self.letter_view(&letter).await? {
            self.notify(Notice::Letter(view));
        }
        Ok(())
    }
}

/// As kad measures it: XOR of the hashes of both keys, so that whoever leaves a letter and whoever fetches it ask the same peers.
fn distance(point: LookupPoint, peer: &PeerId) -> [u8; 32] {
    let mut distance = sha2_256(&point.kad_key());
    for (ours, theirs) in distance.iter_mut().zip(sha2_256(&peer.to_bytes())) {
        *ours ^= theirs;
    }
    distance
}

/// Does this peer hold letters for others?
pub(super) fn offers_mail(protocols: &std::collections::BTreeSet<String>) -> bool {
    protocols.contains(MAIL_PROTOCOL)
}

/// Rows into the unit; everything else back.
fn store_post(effects: Vec<PostEffect>, unit: &mut Unit) -> Vec<PostEffect> {
    let mut rest = Vec::with_capacity(effects.len());
    for effect in effects {
        match effect {
            PostEffect::SaveLetter(row) => unit.push(put(OUTBOX, row.letter.letter.0.to_vec(), encode(&row))),
            PostEffect::SaveInbox(row) => unit.push(put(INBOX, row.letter.0.to_vec(), encode(&row))),
            PostEffect::DeleteInbox(letter) => unit.push(gone(INBOX, letter.0.to_vec())),
            PostEffect::SavePoll(row) => unit.push(put(POLLS, row.mailbox.as_bytes().to_vec(), encode(&row))),
            PostEffect::DeletePoll(peer) => unit.push(gone(POLLS, peer.as_bytes().to_vec())),
            other => rest.push(other),
        }
    }
    rest
}

fn put(core: &str, row: Vec<u8>, state: Vec<u8>) -> OwnWrite {
    OwnWrite::PutCoreRow(CoreRow {
        core: core.to_owned(),
        row,
        state: state.into(),
    })
}

fn gone(core: &str, row: Vec<u8>) -> OwnWrite {
    OwnWrite::DeleteCoreRow {
        core: core.to_owned(),
        row,
    }
}

async fn load<T: serde::de::DeserializeOwned>(db: &Db, core: &'static str) -> Result<Vec<T>, StoreError> {
    let rows = db.core_rows(core).await?;
    let read = |row: CoreRow| {
        let decoded = decode(&row.state);
        if decoded.is_none() {
            tracing::error!(
                core,
                "a stored row is not understood; it is left as it is and not used"
            );
        }
        decoded
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

const OUTBOX: &str = "outbox";
const INBOX: &str = "inbox";
const POLLS: &str = "polls";
const THREADS: &str = "threads";
/// A decoy address is watched for a year; a node that runs longer has others by then.
const DECOY_MS: u64 = 365 * DAY_MS;
/// Peers that a look-up dials at most, to learn whether they hold letters.
const CLOSEST_DIALLED: usize = 8;
/// How long a clean shutdown waits for receipts.
const HAND_OVER_MAX: std::time::Duration = std::time::Duration::from_secs(5);
