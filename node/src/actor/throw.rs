//! Throwing a bottle: check, seal, mine, store, publish.

use meteorite_crypto::stamp::Miner;
use meteorite_ml::parser::{Analysis, Contact, find_contact};
use meteorite_ml::policy::{self, Reason, Writing, care};
use meteorite_protocol::control::{Notice, Problem, ProblemKind, Reply};
use meteorite_protocol::economy::Spending;
use meteorite_protocol::engine::{Command, Refusal};
use meteorite_protocol::limits;
use meteorite_protocol::text::{self, TextKind};
use meteorite_protocol::time::{EPOCHS_PER_DAY, Epoch};
use meteorite_protocol::wire::{Body, Extensions, Lang};
use meteorite_store::{OwnBottleRow, OwnProgress, OwnState, OwnWrite, PrivateBody};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::jobs::Done;
use super::trouble::{Trouble, bug, refused};
use super::{Actor, respond};
use crate::analyst;
use crate::mining::{Progress, mine};
use crate::vault::bottle::{self, Choice, Composed, Stamp};

/// Bottles whose stamp is being mined; a further throw is refused until one is done.
const THROWS_AT_ONCE: usize = 2;

/// What the user wants to throw.
pub(super) struct Wish {
    pub(super) text: String,
    pub(super) nick: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) slots: Option<u8>,
    pub(super) days: Option<u8>,
    pub(super) lang: Option<String>,
    /// No second thought is wanted.
    pub(super) sure: bool,
}

/// A bottle whose stamp is being mined.
pub(super) struct Throwing {
    composed: Composed,
    body: Body,
    nudge: Option<String>,
    /// The writer's own word about the language.
    lang: Option<Lang>,
    sure: bool,
    progress: Progress,
    stop: CancellationToken,
    reply: oneshot::Sender<Reply>,
}

impl Actor {
    pub(super) fn throw(
        &mut self,
        wish: Wish,
        reply: oneshot::Sender<Reply>,
    ) -> Result<(), (Trouble, oneshot::Sender<Reply>)> {
        let lang = match language(wish.lang.as_deref()) {
            Ok(lang) => lang,
            Err(problem) => return Err((problem.into(), reply)),
        };
        let sure = wish.sure;
        let (choice, nudge) = match self.check(wish) {
            Ok(checked) => checked,
            Err(problem) => return Err((problem.into(), reply)),
        };
        let body = choice.body.clone();
        match bottle::compose(&self.keys.root, choice, &mut rand::rng()) {
            Ok(composed) => {
                let bits = self.stamp_bits(&composed);
                let progress = Progress::new(bits);
                let throwing = Throwing {
                    composed,
                    body,
                    nudge,
                    lang,
                    sure,
                    progress,
                    stop: self.wires.stop.child_token(),
                    reply,
                };
                self.next_throw += 1;
                self.mine_stamp(self.next_throw, &throwing, bits);
                self.throwing.insert(self.next_throw, throwing);
                Ok(())
            }
            Err(problem) => Err((problem.into(), reply)),
        }
    }

    /// The stamp is there: finish the bottle, store it with its own row, publish it.
    pub(super) async fn on_stamp(
        &mut self,
        throw: u64,
        stamp: Option<Stamp>,
        read: Option<Box<Analysis>>,
    ) -> Result<(), Trouble> {
        let Some(mut throwing) = self.throwing.remove(&throw) else {
            return Ok(());
        };
        let thrown_at = self.shell.now().wall.epoch();
        let advice = read.as_ref().map(|read| policy::advise(read, Writing::Bottle));
        let unsure = advice
            .as_ref()
            .filter(|advice| !throwing.sure && !advice.warned.is_empty());
        let stamp = match (unsure, stamp) {
            (None, Some(stamp)) => stamp,
            (unsure, _) => {
                let problem = unsure.map_or_else(
                    || refused("The throw was cancelled.", ""),
                    |advice| second_thought(&advice.warned),
                );
                respond(throwing.reply, Reply::Problem(problem));
                return Ok(());
            }
        };
        if stamp.epoch.plus(1) < thrown_at || stamp.epoch > thrown_at {
            // The computer slept, or the clock was set: the stamp is for another time.
            let bits = self.stamp_bits(&throwing.composed);
            self.mine_stamp(throw, &throwing, bits);
            self.throwing.insert(throw, throwing);
            return Ok(());
        }
        let facets = read.as_deref().map(analyst::facets);
        throwing.composed.say(facets.unwrap_or_default(), throwing.lang);
        let Throwing {
            composed,
            body,
            mut nudge,
            reply,
            ..
        } = throwing;
        if advice.is_some_and(|advice| advice.care) {
            let language = read.map_or_else(String::new, |read| read.language.code);
            nudge = Some(care::words_to_writer(&language));
        }
        match self.store_throw(composed, body, nudge, (thrown_at, stamp)).await {
            Ok(answer) => respond(reply, answer),
            Err(Trouble::Problem(problem)) => respond(reply, Reply::Problem(problem)),
            Err(Trouble::Step(error)) => {
                respond(reply, Reply::Problem(super::not_stored(&error)));
                return Err(Trouble::Step(error));
            }
        }
        Ok(())
    }

    /// Tells how far the mining is; called a few times a second.
    pub(super) fn tell_mining(&self) {
        for throwing in self.throwing.values() {
            let (tries, expected) = throwing.progress.now();
            self.notify(Notice::Mining { tries, expected });
        }
    }

    /// Stops all mining; the texts stay with whoever typed them.
    pub(super) fn stop_throwing(&mut self) {
        for throwing in self.throwing.values() {
            throwing.stop.cancel();
        }
    }

    async fn store_throw(
        &mut self,
        composed: Composed,
        body: Body,
        nudge: Option<String>,
        (thrown_at, stamp): (Epoch, Stamp),
    ) -> Result<Reply, Trouble> {
        let message = composed
            .finish(thrown_at, stamp)
            .ok_or_else(|| bug("The bottle could not be finished."))?;
        let header = message.header.value().clone();
        let id = message.header.bottle();
        let bytes = message.encode();
        let row = OwnBottleRow {
            bottle: id,
            nonce: header.nonce,
            body: header.body,
            message: bytes.clone().into(),
            words: PrivateBody {
                text: body.text.into(),
                nick: body.nick.unwrap_or_default().into(),
                tags: body.tags.into_iter().map(Into::into).collect(),
            },
            created: self.shell.now().wall,
            thrown_at,
            expires_at: header.expires_at(),
            slots: header.slots,
            progress: OwnProgress {
                state: OwnState::Queued,
                handed: 0,
                seen: 0,
                caught: 0,
                answers: 0,
                recasts: 0,
            },
        };
        let rows = vec![OwnWrite::PutOwnBottle(Box::new(row.clone())).into()];
        let (outcome, events) = self
            .shell
            .command(Command::Throw { sky_message: bytes }, rows)
            .await?;
        outcome.map_err(|refusal| not_thrown(&refusal))?;
        self.on_events(events).await?;
        self.taste.on_written(&header);
        let mut view = self.own_view(&row);
        view.nudge = nudge;
        Ok(Reply::Thrown(view))
    }

    fn check(&self, wish: Wish) -> Result<(Choice, Option<String>), Problem> {
        if self.throwing.len() >= THROWS_AT_ONCE {
            let what = "Two bottles are being thrown already.";
            return Err(refused(what, "Wait until one of them is on its way."));
        }
        self.check_clock()?;
        let allowance = self.shell.engine().allowance(Spending::Throw, self.shell.now());
        if allowance.left() == 0 {
            return Err(spent(&allowance));
        }
        let composed = text::compose(TextKind::Bottle, &wish.text).map_err(|error| unfit(&error))?;
        let nick = wish
            .nick
            .map(|nick| text::compose(TextKind::Nick, &nick))
            .transpose();
        let tags = text::compose_tags(wish.tags.iter().map(String::as_str)).map_err(|error| unfit(&error))?;
        if let Some(contact) = find_contact(composed.as_str()) {
            return Err(reachable(
                contact,
                "Nothing was thrown; your text is untouched.",
                "Bottles are anonymous and anybody may find them. Leave it out; whoever catches the bottle can answer you here.",
            ));
        }
        let slots = wish.slots.unwrap_or(limits::SLOTS_DEFAULT);
        within(
            "places for finders",
            u32::from(slots),
            u32::from(limits::SLOTS_MAX),
        )?;
        let days = wish
            .days
            .map_or(limits::TTL_EPOCHS_DEFAULT / EPOCHS_PER_DAY, u32::from);
        within("days to drift", days, limits::TTL_EPOCHS_MAX / EPOCHS_PER_DAY)?;
        let nudge = text::advise(&composed).map(|advice| advice.to_string());
        let choice = Choice {
            length: composed.length(),
            body: Body {
                text: composed.into_string(),
                nick: nick
                    .map_err(|error| unfit(&error))?
                    .map(text::Composed::into_string),
                tags,
                x: Extensions::default(),
            },
            slots,
            ttl: days * EPOCHS_PER_DAY,
        };
        Ok((choice, nudge))
    }

    fn stamp_bits(&self, composed: &Composed) -> u32 {
        self.shell
            .engine()
            .stamp_bits(&composed.author(), self.shell.now())
    }

    fn mine_stamp(&mut self, throw: u64, throwing: &Throwing, bits: u32) {
        let epoch = self.shell.now().wall.epoch();
        let miner = Miner::stamp(&throwing.composed.author().0, epoch.0, bits);
        let (progress, stop) = (throwing.progress.clone(), throwing.stop.clone());
        let (text, sure) = (throwing.body.text.clone(), throwing.sure);
        self.jobs.spawn(async move {
            // The text is read meanwhile; what asks for a second thought ends the mining at once.
            let read = async {
                let read = analyst::read(text).await;
                let advice = read.as_ref().map(|read| policy::advise(read, Writing::Bottle));
                if !sure && advice.is_some_and(|advice| !advice.warned.is_empty()) {
                    stop.cancel();
                }
                read
            };
            let (counter, read) = tokio::join!(mine(miner, progress, stop.clone()), read);
            Done::Stamp {
                throw,
                stamp: counter.map(|counter| Stamp { epoch, counter }),
                read: read.map(Box::new),
            }
        });
    }
}

/// Asked before a text leaves that may hurt or bother strangers.
fn second_thought(warned: &[Reason]) -> Problem {
    let why: Vec<String> = warned.iter().map(ToString::to_string).collect();
    Problem::new(
        ProblemKind::Refused,
        format!("Read it once more: {}.", why.join("; ")),
        "Nothing was thrown; your text is untouched.",
        "Change it, or throw it as it is with `--sure`. The program may be wrong, and the words are yours.",
    )
}

/// A way to be reached, in a text for a stranger: refused, kindly.
pub(super) fn reachable(contact: Contact, safe: &str, next: &str) -> Problem {
    let what = match contact {
        Contact::Link => "The text has a link in it.",
        Contact::Mail => "The text has a mail address in it.",
        Contact::Phone => "The text has a telephone number in it.",
        Contact::Handle => "The text has the name of an account in it.",
    };
    Problem::new(ProblemKind::Input, what, safe, next)
}

fn language(tag: Option<&str>) -> Result<Option<Lang>, Problem> {
    let Some(tag) = tag else {
        return Ok(None);
    };
    Lang::new(tag).map(Some).ok_or_else(|| {
        Problem::new(
            ProblemKind::Input,
            format!("“{tag}” is not a language tag."),
            "Nothing was thrown.",
            "Use two or three small letters, such as en, zh, es or ja.",
        )
    })
}

fn within(what: &str, value: u32, max: u32) -> Result<(), Problem> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    let what = format!("{value} {what} are not possible.");
    Err(Problem::new(
        ProblemKind::Input,
        what,
        "Nothing was thrown.",
        format!("Choose 1 to {max}."),
    ))
}

fn unfit(error: &text::TextError) -> Problem {
    Problem::new(
        ProblemKind::Input,
        error.to_string(),
        "Nothing was thrown; your text is untouched.",
        "",
    )
}

fn not_thrown(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::Spent(spent) => self::spent(&spent.0),
        Refusal::Full => refused(
            "Too many of your bottles are still drifting.",
            "Wait until one of them has sunk.",
        ),
        other => bug(format!("The bottle was refused by its own node ({other:?}).")),
    }
}

/// No throws or opens are left today.
pub(super) fn spent(allowance: &meteorite_protocol::economy::Allowance) -> Problem {
    let (what, hint) = match allowance.spending {
        Spending::Throw if allowance.earnable > 0 => {
            ("throws", " Each stranger whom you answer today earns one more.")
        }
        Spending::Throw => ("throws", ""),
        Spending::Open => ("opens", " What lies in the hold stays there."),
    };
    refused(
        format!("All {} {what} of today are used.", allowance.allowed),
        format!("The next day begins at your midnight.{hint}"),
    )
}
