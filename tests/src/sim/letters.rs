//! Letters: the real post of each node, and mailboxes that keep what is left with them.
//!
//! The post is no part of the engine, so it is driven beside it with the same rule: durable rows first, then the rest. The
//! mailboxes are bootstrap servers: anybody reaches them, they are away now and then, and their store survives.

use meteorite_crypto::letter::{SealedLetter, open_letter};
use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::economy::Stranger;
use meteorite_protocol::engine::Command;
use meteorite_protocol::hold::HoldEvent;
use meteorite_protocol::ids::{BottleId, LetterId, Peer};
use meteorite_protocol::mailbox::{MailboxPolicy, MailboxReply, MailboxState};
use meteorite_protocol::mine::AnswerKind;
use meteorite_protocol::post::{
    Errand, InboxState, LetterTruth, LookupPoint, OutgoingLetter, Post, PostEffect, Watch,
};
use meteorite_protocol::schedule::Jitter;
use meteorite_protocol::time::Now;
use meteorite_protocol::validate::{Params, time_rules};
use meteorite_protocol::wire::letter::{LETTER_INFO, author_address};
use meteorite_protocol::wire::{
    Deposit, Header, Letter, LetterContent, MailAnswer, MailRequest, Signed, Wire as _,
};

use super::clock::true_wall;
use super::craft::{self, Bottle};
use super::disk::Write;
use super::model::ExistingLetter;
use super::queue::{Event, Ix};
use super::world::World;

/// The post of a node while its program runs.
#[derive(Debug)]
pub(super) struct Letters {
    pub(super) post: Post,
    /// The next moment at which it is to be woken, in world time.
    wake_ms: Option<u64>,
}

/// A mailbox.
#[derive(Debug)]
pub(super) struct Mailbox {
    peer: Peer,
    key: SigningKey,
    state: MailboxState,
    /// It answers nobody before then.
    pub(super) away_until: u64,
}

/// A question on its way to a mailbox.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    errand: Errand,
    request: Box<MailRequest>,
}

/// Its answer, or `None`.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    errand: Errand,
    answer: Option<Box<MailAnswer>>,
}

impl Mailbox {
    pub(super) fn new(nth: usize, dice: &mut super::dice::Dice) -> Self {
        let key = SigningKey::from_seed(&dice.bytes());
        let peer = Peer::from_ed25519(&key.public());
        let tag = u16::try_from(nth + 1).unwrap_or(1);
        let state = MailboxState::new(peer.clone(), tag, MailboxPolicy::bootstrap(), Params::for_tests());
        Self {
            peer,
            key,
            state,
            away_until: 0,
        }
    }
}

impl World {
    /// A program starts its post.
    pub(super) fn start_post(&mut self, ix: Ix) {
        if self.mailboxes.is_empty() || !self.nodes[ix].is_up() {
            return;
        }
        let jitter = Jitter::new(self.dice.post.bytes());
        let node = &mut self.nodes[ix];
        let mut post = Post::restore(
            node.disk.post_rows(),
            node.peer.clone(),
            Params::for_tests(),
            jitter,
        );
        for bottle in node.user.bottles.values() {
            post.handle_watch(watch_of(bottle.header(), bottle.id));
        }
        node.letters = Some(Letters { post, wake_ms: None });
        // Two are configured; the others are found by looking them up.
        let configured: Vec<Peer> = self
            .mailboxes
            .iter()
            .take(2)
            .map(|mailbox| mailbox.peer.clone())
            .collect();
        self.with_post(ix, |post, now, effects| {
            post.handle_start(now, effects);
            post.handle_bootstraps(&configured, now, effects);
        });
    }

    /// Letters to the author of this own bottle are fetched from now on.
    pub(super) fn watch_post(&mut self, ix: Ix, bottle: &Bottle) {
        let watch = watch_of(bottle.header(), bottle.id);
        let mut watched = true;
        self.with_post(ix, |post, _, _| watched = post.handle_watch(watch));
        if !watched {
            self.fail(Some(ix), "has no room for an address".to_owned());
        }
    }

    /// Somebody caught an own bottle, so a letter is likely.
    pub(super) fn letter_expected(&mut self, ix: Ix, bottle: &BottleId) {
        let Some(own) = self.nodes[ix].user.bottles.get(bottle) else {
            return;
        };
        let address = author_address(&own.header().author, &own.header().reply_to);
        self.with_post(ix, |post, now, _| post.handle_expected(&address, now));
    }

    /// Some finders write to the author.
    pub(super) fn hold_event(&mut self, ix: Ix, event: &HoldEvent) {
        match event {
            HoldEvent::Displaced(_) => self.figures.displaced += 1,
            HoldEvent::Confirmed(bottle) => {
                if self.nodes[ix].letters.is_some() && self.is_lively() && self.dice.post.chance(600) {
                    self.write_letter(ix, *bottle);
                }
            }
            HoldEvent::Claimed(_) | HoldEvent::Reinstated(_) | HoldEvent::Slipped(..) => {}
        }
    }

    /// The post's deadline has come.
    pub(super) fn post_wakes(&mut self, ix: Ix, boot: u32) {
        let planned = self.nodes[ix]
            .letters
            .as_ref()
            .and_then(|letters| letters.wake_ms);
        if self.is_current(ix, boot) && planned == Some(self.now) {
            self.post_runs(ix);
        }
    }

    /// Time passed.
    pub(super) fn post_runs(&mut self, ix: Ix) {
        if let Some(letters) = &mut self.nodes[ix].letters {
            letters.wake_ms = None;
        }
        self.with_post(ix, |post, now, effects| post.handle_tick(now, effects));
    }

    pub(super) fn mailboxes_found(&mut self, ix: Ix, boot: u32, point: u8) {
        if !self.is_current(ix, boot) {
            return;
        }
        let found = if self.is_lively() && self.dice.post.chance(150) {
            0
        } else {
            self.mailboxes.len()
        };
        let peers: Vec<Peer> = self
            .mailboxes
            .iter()
            .take(found)
            .map(|mailbox| mailbox.peer.clone())
            .collect();
        self.with_post(ix, |post, now, effects| {
            post.handle_found(LookupPoint(point), &peers, now, effects)
        });
    }

    pub(super) fn mailbox_asked(&mut self, (ix, boot): (Ix, u32), nth: usize, asked: Asked) {
        if self.mailboxes[nth].away_until > self.now || !self.is_current(ix, boot) {
            return;
        }
        let (peer, now) = (
            self.nodes[ix].peer.clone(),
            Now::new(self.now, true_wall(self.now)),
        );
        let mailbox = &mut self.mailboxes[nth];
        let answer = match mailbox.state.handle_request(&peer, &asked.request, now) {
            MailboxReply::Promise(receipt) => MailAnswer::Receipt(Signed::sign(receipt, &mailbox.key)),
            MailboxReply::Answer(answer) => answer,
        };
        if let Errand::Deposit(letter) = asked.errand
            && mailbox.state.contains(&letter)
            && let Some(known) = self.model.letters.get_mut(&letter)
        {
            known.kept_by.insert(nth);
        }
        let answered = Answered {
            errand: asked.errand,
            answer: Some(Box::new(answer)),
        };
        let in_ms = self.dice.post.between(5, 150);
        self.later(
            in_ms,
            Event::MailAnswered {
                node: ix,
                boot,
                mailbox: nth,
                errand: answered,
            },
        );
    }

    pub(super) fn mailbox_answered(&mut self, (ix, boot): (Ix, u32), nth: usize, answered: Answered) {
        if !self.is_current(ix, boot) {
            return;
        }
        let peer = self.mailboxes[nth].peer.clone();
        let answer = answered.answer.map(|answer| *answer);
        self.with_post(ix, |post, now, effects| {
            post.handle_answer(&peer, answered.errand, answer, now, effects)
        });
    }

    fn write_letter(&mut self, ix: Ix, bottle: BottleId) {
        let Some(content) = self.nodes[ix].disk.content(&bottle) else {
            return;
        };
        let signature = meteorite_protocol::ids::Signature(content.signature);
        let Ok(header) = Signed::<Header>::from_parts(content.header.clone(), signature) else {
            return;
        };
        let user = &self.nodes[ix].user;
        let Some(claim) = user.claims.get(&bottle) else {
            return;
        };
        let Some(key) = user.key(&claim.value().claimant) else {
            return;
        };
        let words = format!("node {ix} found {bottle:?}");
        let deposit = craft::first_letter(&header, claim, key, (&words, &mut self.dice.post));
        let letter = ExistingLetter {
            writer: ix,
            bottle,
            words,
            read: false,
            kept_by: Default::default(),
        };
        self.model.letters.insert(deposit.letter_id(), letter);
        let outgoing = OutgoingLetter::of(&deposit);
        self.figures.letters += 1;
        let stranger = Stranger(header.value().author.0);
        let mut full = false;
        self.with_post(ix, |post, now, effects| {
            full = post.handle_letter(outgoing, now, effects).is_err()
        });
        if full {
            return self.fail(Some(ix), "has no room for a letter".to_owned());
        }
        self.command(ix, Command::Answering { stranger });
    }

    /// One step of a post.
    fn with_post(&mut self, ix: Ix, work: impl FnOnce(&mut Post, Now, &mut Vec<PostEffect>)) {
        let now = self.nodes[ix].clock.now(self.now);
        let Some(letters) = self.nodes[ix].letters.as_mut() else {
            return;
        };
        let mut effects = Vec::new();
        work(&mut letters.post, now, &mut effects);
        let durable: Vec<Write> = effects.iter().filter_map(durable).collect();
        self.nodes[ix].disk.commit(&durable);
        let boot = self.nodes[ix].boot;
        for effect in effects {
            // Reading a letter is a step of the engine, over which the program may end.
            if self.nodes[ix].boot == boot {
                self.post_effect(ix, effect);
            }
        }
        self.plan_post(ix);
    }

    fn post_effect(&mut self, ix: Ix, effect: PostEffect) {
        let boot = self.nodes[ix].boot;
        match effect {
            PostEffect::SaveLetter(_) | PostEffect::SaveInbox(_) | PostEffect::DeleteInbox(_) => {}
            PostEffect::SavePoll(row) => self.write_behind(ix, Write::Poll(row)),
            PostEffect::DeletePoll(peer) => self.write_behind(ix, Write::PollGone(peer)),
            PostEffect::FindMailboxes(LookupPoint(point)) => {
                let in_ms = self.dice.post.between(50, 3_000);
                self.later(
                    in_ms,
                    Event::MailboxesFound {
                        node: ix,
                        boot,
                        point,
                    },
                );
            }
            PostEffect::Ask(peer, errand, request) => self.ask_mailbox(ix, &peer, Asked { errand, request }),
            PostEffect::Received(letter, bottle) => self.read_letter(ix, letter, bottle),
            PostEffect::Truth(letter, truth) => self.check_letter(ix, &letter, truth),
        }
    }

    fn ask_mailbox(&mut self, ix: Ix, peer: &Peer, asked: Asked) {
        let boot = self.nodes[ix].boot;
        let Some(nth) = self.mailboxes.iter().position(|mailbox| mailbox.peer == *peer) else {
            return self.fail(Some(ix), format!("asks {peer:?}, who keeps no letters"));
        };
        self.trace.world(
            self.now,
            &format!("node {ix} asks mailbox {nth}: {:?}", asked.errand),
        );
        if self.is_lively() && self.dice.post.chance(60) {
            self.mailboxes[nth].away_until = self.now + self.dice.post.between(1_000, 120_000);
        }
        let lost = self.mailboxes[nth].away_until > self.now || self.is_lively() && self.dice.post.chance(50);
        if lost {
            let nothing = Answered {
                errand: asked.errand,
                answer: None,
            };
            return self.later(
                15_000,
                Event::MailAnswered {
                    node: ix,
                    boot,
                    mailbox: nth,
                    errand: nothing,
                },
            );
        }
        let in_ms = self.dice.post.between(5, 150);
        self.later(
            in_ms,
            Event::MailAsked {
                node: ix,
                boot,
                mailbox: nth,
                errand: asked,
            },
        );
    }

    /// The author opens a letter.
    fn read_letter(&mut self, ix: Ix, letter: LetterId, bottle: BottleId) {
        let row = self.nodes[ix]
            .letters
            .as_ref()
            .and_then(|letters| letters.post.inbox().row(&letter));
        let Some(InboxState::Waiting(bytes)) = row.map(|row| &row.state) else {
            return self.fail(Some(ix), "offers a letter that does not wait".to_owned());
        };
        let words = self.nodes[ix]
            .user
            .bottles
            .get(&bottle)
            .and_then(|own| opened(bytes, own));
        match (words, self.model.letters.get_mut(&letter)) {
            (Some(words), Some(known)) if known.words == words && known.bottle == bottle => known.read = true,
            (words, known) => {
                let what = format!("reads {words:?} in a letter that says {known:?}");
                return self.fail(Some(ix), what);
            }
        }
        self.figures.letters_read += 1;
        let Some(from) = self.nodes[ix]
            .letters
            .as_ref()
            .and_then(|letters| letters.post.inbox().row(&letter))
        else {
            return;
        };
        let came = Command::AnswerCame {
            bottle,
            from: from.claimant,
            kind: AnswerKind::Letter,
        };
        // If this is not stored, the program ends here and the letter is offered again.
        if self.command(ix, came).is_some() {
            self.with_post(ix, |post, _, effects| post.handle_opened(letter, effects));
        }
    }

    /// What a node shows of its letter is no more than what mailboxes keep.
    fn check_letter(&mut self, ix: Ix, letter: &LetterId, truth: LetterTruth) {
        let Some(known) = self.model.letters.get(letter) else {
            return self.fail(
                Some(ix),
                format!("speaks of a letter that nobody wrote: {letter:?}"),
            );
        };
        let LetterTruth::InMailbox(shown) = truth else {
            return;
        };
        if usize::from(shown) > known.kept_by.len() || known.writer != ix {
            let kept = known.kept_by.len();
            self.fail(
                Some(ix),
                format!("shows {shown} mailboxes for a letter that {kept} keep"),
            );
        }
    }

    fn plan_post(&mut self, ix: Ix) {
        let node = &mut self.nodes[ix];
        let Some(letters) = node.letters.as_mut() else {
            return;
        };
        let Some(mono_ms) = letters.post.next_deadline() else {
            return;
        };
        // A deadline that has passed is taken up a moment later, like a timer of a real shell.
        let at = node.clock.world_at(mono_ms).max(self.now + 1);
        if letters
            .wake_ms
            .is_none_or(|planned| at < planned || planned <= self.now)
        {
            letters.wake_ms = Some(at);
            let boot = node.boot;
            self.queue.plan(at, Event::PostDeadline { node: ix, boot });
        }
    }
}

fn watch_of(header: &Header, bottle: BottleId) -> Watch {
    let until = time_rules::letters_end(header.expires_at());
    Watch {
        address: author_address(&header.author, &header.reply_to),
        bottle,
        until,
    }
}

/// The words of a letter, if it opens with the keys of this bottle.
fn opened(deposit: &[u8], own: &Bottle) -> Option<String> {
    let deposit = Signed::<Deposit>::decode(deposit).ok()?;
    let (envelope, claim) = (&deposit.value().envelope, deposit.value().claim.value());
    let sealed = SealedLetter {
        enc: envelope.enc.0,
        ct: envelope.ct.as_slice().to_vec(),
    };
    let plain = open_letter(&own.reply, &sealed, LETTER_INFO, &envelope.aad(&claim.claimant)).ok()?;
    match Letter::decode(&plain).ok()?.content {
        LetterContent::Text(words) => Some(words),
        LetterContent::Light(_) | LetterContent::Drift | LetterContent::Unknown { .. } => None,
    }
}

fn durable(effect: &PostEffect) -> Option<Write> {
    match effect {
        PostEffect::SaveLetter(row) => Some(Write::Letter(row.clone())),
        PostEffect::SaveInbox(row) => Some(Write::Inbox(row.clone())),
        PostEffect::DeleteInbox(letter) => Some(Write::InboxGone(*letter)),
        PostEffect::SavePoll(_)
        | PostEffect::DeletePoll(_)
        | PostEffect::FindMailboxes(_)
        | PostEffect::Ask(..)
        | PostEffect::Received(..)
        | PostEffect::Truth(..) => None,
    }
}
