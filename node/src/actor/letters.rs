//! Lights, letters and threads: sealing what goes out, opening what came.

use meteorite_crypto::letter::ReplySecret;
use meteorite_crypto::sign::SigningKey;
use meteorite_ml::matcher::Act;
use meteorite_ml::parser::find_contact;
use meteorite_protocol::control::{
    LetterSide, LetterState, LetterView, Notice, Problem, ProblemKind, Reply, ThreadView,
};
use meteorite_protocol::economy::Stranger;
use meteorite_protocol::engine::Command;
use meteorite_protocol::ids::{BottleId, LetterId, ReplyKey, sha2_256};
use meteorite_protocol::mine::AnswerKind;
use meteorite_protocol::post::{InboxState, LetterTruth, OutgoingLetter};
use meteorite_protocol::text::{self, TextKind};
use meteorite_protocol::thread::{
    LetterKind, Light, SendRefusal, ThreadId, ThreadLetter, ThreadRow, ThreadStanding, ThreadStart, Turn,
    Wish, WriteRefusal, Writing,
};
use meteorite_protocol::validate::{self, time_rules};
use meteorite_protocol::wire::{
    CatchMessage, Claim, Deposit, Header, LetterContent, Side, Signed, Wire as _,
};
use meteorite_store::{
    self as store, LetterRow, LetterStore, LetterWrite, OwnClaimRow, OwnStore, SkyStore,
    ThreadId as StoredThread, Way,
};

use super::find::is_meant;
use super::trouble::{Trouble, bug, missing, refused};
use super::{Actor, throw};
use crate::vault::letter::{self, About, Saying};

impl Actor {
    pub(super) async fn light(&mut self, name: &str, sticker: &str) -> Result<Reply, Trouble> {
        let light = Light::from_name(sticker).ok_or_else(|| {
            let names: Vec<&str> = Light::ALL.iter().map(|light| light.name()).collect();
            let what = format!("There is no light called “{sticker}”.");
            Problem::new(
                ProblemKind::Input,
                what,
                "Nothing was changed.",
                format!("Choose one of: {}.", names.join(", ")),
            )
        })?;
        let thread = self.thread_of(name).await?;
        self.write(thread, Writing::Light, LetterContent::Light(light.code()))
            .await
    }

    pub(super) async fn reply(&mut self, name: &str, words: &str) -> Result<Reply, Trouble> {
        let thread = self.thread_of(name).await?;
        let composed = text::compose(TextKind::Letter, words).map_err(|error| {
            let kind = ProblemKind::Input;
            Problem::new(
                kind,
                error.to_string(),
                "Nothing was sent; your text is untouched.",
                "",
            )
        })?;
        let first = self
            .mail
            .threads
            .row(&thread)
            .is_none_or(|row| row.received.is_empty());
        if first && let Some(contact) = find_contact(composed.as_str()) {
            return Err(throw::reachable(
                contact,
                "Nothing was sent; your text is untouched.",
                "Neither of you knows the other yet. Leave it out; once they have answered, you may say it.",
            )
            .into());
        }
        self.write(thread, Writing::Text, LetterContent::Text(composed.into_string()))
            .await
    }

    pub(super) async fn decide_thread(&mut self, name: &str, keep: bool) -> Result<Reply, Trouble> {
        let thread = self.thread_of(name).await?;
        let wish = if keep { Wish::Keep } else { Wish::Drift };
        let mut effects = Vec::new();
        self.mail.threads.handle_wish(thread, wish, &mut effects);
        self.carry_out(effects, Vec::new(), Vec::new()).await?;
        if let Some(turn) = self.mail.threads.next_choice(&thread, self.shell.now()) {
            self.send(
                turn,
                Saying {
                    content: LetterContent::Drift,
                    keep,
                },
            )
            .await?;
        }
        Ok(Reply::Done)
    }

    pub(super) async fn letters(&mut self, name: Option<String>) -> Result<Reply, Trouble> {
        let Some(name) = name else {
            let mut views = Vec::new();
            for row in self.mail.threads.rows() {
                views.push(self.thread_view(row).await?);
            }
            views.sort_by_key(|view| std::cmp::Reverse(view.last_ms));
            return Ok(Reply::Threads(
                views.into_iter().filter(|view| view.letters > 0).collect(),
            ));
        };
        let thread = self.thread_of(&name).await?;
        let stored = stored_id(&thread);
        let rows = self.shell.db().letters(&stored).await?;
        let mut views = Vec::new();
        for row in &rows {
            if row.kind != store::LetterKind::Other || !row.text.is_empty() {
                views.push(self.screened_view_of(row, &thread).await);
            }
        }
        let read = store::Unit::new("letters read").with(LetterWrite::SetThreadRead(stored));
        self.shell.commit(read).await?;
        Ok(Reply::Letters(views))
    }

    /// A letter came, and its deposit is stored: open it, put it into its thread, let the inbox forget its bytes.
    pub(super) async fn open_letter(&mut self, id: LetterId) -> Result<(), Trouble> {
        let Some(opened) = self.opened(&id).await? else {
            let mut effects = Vec::new();
            self.mail.post.handle_opened(id, &mut effects);
            return self.carry_out(Vec::new(), effects, Vec::new()).await;
        };
        let now = self.shell.now();
        let Opened { start, letter, row } = opened;
        let (mut threads, mut post) = (Vec::new(), Vec::new());
        let taken = self
            .mail
            .threads
            .handle_received(start, letter, now, &mut threads);
        self.mail.post.handle_opened(id, &mut post);
        let rows = match taken {
            Ok(()) => vec![LetterWrite::PutLetter(Box::new(row.clone())).into()],
            Err(dropped) => {
                tracing::debug!(?dropped, "a letter was not taken into its thread");
                Vec::new()
            }
        };
        self.carry_out(threads, post, rows).await?;
        if taken.is_ok() && letter.kind.speaks() {
            self.on_said(&start, &letter, &row).await?;
        }
        Ok(())
    }

    /// How one letter stands, sent or received.
    pub(super) async fn letter_view(&self, id: &LetterId) -> Result<Option<LetterView>, Trouble> {
        let of_thread = |row: &&ThreadRow| {
            row.sent
                .values()
                .chain(row.received.values())
                .any(|letter| letter.letter == *id)
        };
        let Some(thread) = self.mail.threads.rows().find(of_thread).map(ThreadRow::id) else {
            return Ok(None);
        };
        let rows = self.shell.db().letters(&stored_id(&thread)).await?;
        Ok(rows
            .iter()
            .find(|row| row.letter == *id)
            .map(|row| self.view_of(row, &thread)))
    }

    /// Begins what a kill between a claim and its thread has left out: whoever has the claim may write.
    pub(super) async fn begin_missing_threads(&mut self) -> Result<(), Trouble> {
        let held = self.shell.engine().hold().rows();
        let claimed: Vec<ThreadId> = held
            .filter_map(|row| {
                let claimant = row.claim()?.claimant;
                let bottle = row.bottle;
                Some(ThreadId { bottle, claimant })
            })
            .filter(|thread| self.mail.threads.row(thread).is_none())
            .collect();
        for ThreadId { bottle, claimant } in claimed {
            let claims = self.shell.db().own_claims_of(&bottle).await?;
            let row = claims.iter().find(|row| row.claimant == claimant);
            // The collection's copy of the header was stored with the claim; the sky's may have been lost.
            let header = self.shell.db().collected(&bottle).await?;
            let header = header.and_then(|row| Header::decode(&row.header).ok());
            if let (Some((claim, _)), Some(header)) = (row.and_then(read_claim), header)
                && time_rules::letters_end(header.expires_at()) > self.shell.now().wall
            {
                tracing::info!(?bottle, "the thread of a claim was missing and is begun");
                self.begin_thread(&claim, &header).await?;
            }
        }
        Ok(())
    }

    /// A claim of ours was made: from now on its author can be written to.
    pub(super) async fn begin_thread(
        &mut self,
        claim: &Signed<Claim>,
        header: &Header,
    ) -> Result<(), Trouble> {
        let bottle = claim.value().bottle;
        let start = ThreadStart {
            id: ThreadId {
                bottle,
                claimant: claim.value().claimant,
            },
            me: Side::Finder,
            author: header.author,
            reply_to: header.reply_to,
            letters_end: time_rules::letters_end(header.expires_at()),
        };
        let mut effects = Vec::new();
        if let Err(full) = self
            .mail
            .threads
            .handle_begin(start, self.shell.now(), &mut effects)
        {
            tracing::warn!(?full, "no thread was begun for a claim");
        }
        self.carry_out(effects, Vec::new(), Vec::new()).await
    }

    async fn write(
        &mut self,
        thread: ThreadId,
        writing: Writing,
        content: LetterContent,
    ) -> Result<Reply, Trouble> {
        let turn = self.mail.threads.check_write(&thread, writing, self.shell.now());
        let turn = turn.map_err(not_now)?;
        let id = self.send(turn, Saying { content, keep: true }).await?;
        self.count_answer(&thread).await?;
        let act = match writing {
            Writing::Light => Act::Lit,
            Writing::Text => Act::Answered,
        };
        self.on_acted(&thread.bottle, act).await?;
        let view = self
            .letter_view(&id)
            .await?
            .ok_or_else(|| bug("A queued letter is gone."))?;
        Ok(Reply::Queued(view))
    }

    /// Seals, signs, stores and queues one letter, in one transaction.
    async fn send(&mut self, turn: Turn, saying: Saying) -> Result<LetterId, Trouble> {
        let now = self.shell.now();
        let (about, signer) = self.about(&turn).await?;
        let content = saying.content.clone();
        let keep = saying.keep;
        let sealed = letter::seal(about, &turn, saying, &signer, &mut rand::rng())
            .ok_or_else(|| bug("The letter could not be sealed."))?;
        let id = sealed.deposit.letter_id();
        let reply_key = ReplyKey(sealed.reply.public());
        let letter = ThreadLetter {
            seq: turn.seq,
            letter: id,
            to: turn.to,
            reply_key,
            kind: LetterKind::of(&content),
            keep,
            at: now.wall,
        };
        let row = LetterRow {
            way: Way::Sent,
            is_read: true,
            reply_secret: sealed.reply.to_bytes().to_vec().into(),
            ..letter_row(&turn.thread, &letter, &content)
        };
        let (mut threads, mut post) = (Vec::new(), Vec::new());
        self.mail
            .threads
            .handle_sent(turn.thread, letter, now, &mut threads)
            .map_err(|refusal| match refusal {
                SendRefusal::Refused(refusal) => not_now(refusal),
                SendRefusal::Stale => refused("A letter came in the meantime.", "Read it, then write again."),
            })?;
        let outgoing = OutgoingLetter::of(&sealed.deposit);
        self.mail
            .post
            .handle_letter(outgoing, now, &mut post)
            .map_err(|_full| {
                refused(
                    "Too many of your letters are still on their way.",
                    "Wait until some of them have arrived.",
                )
            })?;
        self.carry_out(threads, post, vec![LetterWrite::PutLetter(Box::new(row)).into()])
            .await?;
        Ok(id)
    }

    /// Header and claim of a thread with the key that signs for our side.
    async fn about(&self, turn: &Turn) -> Result<(About, SigningKey), Trouble> {
        let ThreadId { bottle, claimant } = turn.thread;
        let header = self.signed_header(&bottle).await?;
        match turn.from {
            Side::Finder => {
                let claims = self.shell.db().own_claims_of(&bottle).await?;
                let row = claims.into_iter().find(|row| row.claimant == claimant);
                let row = row.ok_or_else(|| bug("The key of this thread is gone."))?;
                let (claim, key) =
                    read_claim(&row).ok_or_else(|| bug("The key of this thread is damaged."))?;
                Ok((About { header, claim }, key))
            }
            Side::Author => {
                let claim = self.their_claim(&turn.thread).await?;
                let key = self.keys.root.bottle_keys(&header.value().nonce.0).author;
                Ok((About { header, claim }, key))
            }
        }
    }

    /// The claim under which a finder wrote: it came with the letter and is kept with it.
    async fn their_claim(&self, thread: &ThreadId) -> Result<Signed<Claim>, Trouble> {
        let rows = self.shell.db().core_rows(CLAIMS).await?;
        let key = [thread.bottle.0, thread.claimant.0].concat();
        let row = rows.into_iter().find(|row| row.row == key);
        let claim = row.and_then(|row| meteorite_protocol::rows::decode::<Vec<u8>>(&row.state));
        match claim.and_then(|bytes| CatchMessage::decode(&bytes).ok()) {
            Some(CatchMessage::Claim(claim)) => Ok(claim),
            Some(_) | None => Err(bug("The claim of this thread is gone.").into()),
        }
    }

    /// The signed header of a bottle: from the sky, or from an own bottle's row, or from the collection.
    async fn signed_header(&self, bottle: &BottleId) -> Result<Signed<Header>, Trouble> {
        self.shell.settle().await;
        let rows = self.shell.db().headers(&[*bottle]).await?;
        let stored = rows.into_iter().next().and_then(|row| {
            let signature = meteorite_protocol::ids::Signature(row.signature.try_into().ok()?);
            Signed::from_parts(row.payload, signature).ok()
        });
        if let Some(header) = stored {
            return Ok(header);
        }
        if let Some(own) = self.shell.db().own_bottle(bottle).await? {
            let message = meteorite_protocol::wire::SkyMessage::decode(&own.message);
            return message
                .map(|message| message.header)
                .map_err(|error| bug(error.to_string()).into());
        }
        Err(refused("This bottle has sunk, and letters about it are over.", "").into())
    }

    /// Opens a stored deposit with the key that it is sealed to.
    async fn opened(&mut self, id: &LetterId) -> Result<Option<Opened>, Trouble> {
        let row = self.mail.post.inbox().row(id).cloned();
        let Some(InboxState::Waiting(bytes)) = row.map(|row| row.state) else {
            return Ok(None);
        };
        let Ok(verified) = validate::deposit(&bytes, &self.config.params, self.shell.now()) else {
            return Ok(None);
        };
        let value = verified.deposit.value();
        let start = thread_start(value);
        let Some(secret) = self.secret_for(value, &start).await? else {
            return Ok(None);
        };
        let Some(letter) = letter::open(value, &secret) else {
            return Ok(None);
        };
        if start.me == Side::Author {
            self.keep_claim(&start.id, &value.claim).await?;
        }
        let thread_letter = ThreadLetter {
            seq: value.envelope.seq,
            letter: *id,
            to: value.envelope.to,
            reply_key: letter.reply_key,
            kind: LetterKind::of(&letter.content),
            keep: letter.keep,
            at: self.shell.now().wall,
        };
        let row = letter_row(&start.id, &thread_letter, &letter.content);
        Ok(Some(Opened {
            start,
            letter: thread_letter,
            row,
        }))
    }

    /// The secret of the key that a letter is sealed to, if it is ours.
    async fn secret_for(
        &self,
        deposit: &Deposit,
        start: &ThreadStart,
    ) -> Result<Option<ReplySecret>, Trouble> {
        let envelope = &deposit.envelope;
        if start.me == Side::Author && envelope.to == start.reply_to {
            let header = deposit.header.value();
            let ours = crate::vault::bottle::is_ours(&self.keys.root, &header.author, &header.nonce);
            return Ok(ours.then(|| letter::bottle_secret(&self.keys.root, &header.nonce)));
        }
        let rows = self.shell.db().letters(&stored_id(&start.id)).await?;
        let row = rows
            .into_iter()
            .find(|row| row.way == Way::Sent && row.reply_key == Some(envelope.to));
        let secret = row.and_then(|row| <[u8; 32]>::try_from(&row.reply_secret[..]).ok());
        Ok(secret.map(|secret| ReplySecret::from_bytes(&secret)))
    }

    async fn keep_claim(&self, thread: &ThreadId, claim: &Signed<Claim>) -> Result<(), Trouble> {
        let row = store::CoreRow {
            core: CLAIMS.to_owned(),
            row: [thread.bottle.0, thread.claimant.0].concat(),
            state: meteorite_protocol::rows::encode(&CatchMessage::Claim(claim.clone()).encode()).into(),
        };
        let unit = store::Unit::new("claim of a letter").with(store::OwnWrite::PutCoreRow(row));
        Ok(self.shell.commit(unit).await?)
    }

    /// They said something: the bottle is answered, and the user is told.
    async fn on_said(
        &mut self,
        start: &ThreadStart,
        letter: &ThreadLetter,
        row: &LetterRow,
    ) -> Result<(), Trouble> {
        if start.me == Side::Author {
            let kind = match letter.kind {
                LetterKind::Light(_) => AnswerKind::Light,
                LetterKind::Text | LetterKind::Choice | LetterKind::Unknown => AnswerKind::Letter,
            };
            self.command(Command::AnswerCame {
                bottle: start.id.bottle,
                from: start.id.claimant,
                kind,
            })
            .await?;
        }
        let view = self.screened_view_of(row, &start.id).await;
        self.notify(Notice::Letter(view));
        Ok(())
    }

    /// Answering a stranger earns a throw.
    async fn count_answer(&mut self, thread: &ThreadId) -> Result<(), Trouble> {
        let Some(row) = self.mail.threads.row(thread) else {
            return Ok(());
        };
        let stranger = match row.start.me {
            Side::Finder => row.start.author.0,
            Side::Author => thread.claimant.0,
        };
        self.command(Command::Answering {
            stranger: Stranger(stranger),
        })
        .await
    }

    async fn thread_view(&self, row: &ThreadRow) -> Result<ThreadView, Trouble> {
        let stored = self.shell.db().letters(&stored_id(&row.id())).await?;
        let said: Vec<&LetterRow> = stored
            .iter()
            .filter(|row| row.kind != store::LetterKind::Other)
            .collect();
        let standing = self
            .mail
            .threads
            .standing(&row.id(), self.shell.now())
            .unwrap_or(ThreadStanding::Over);
        Ok(ThreadView {
            thread: thread_name(&row.id()),
            bottle: row.start.id.bottle.to_string(),
            mine: row.start.me == Side::Author,
            letters: u16::try_from(said.len()).unwrap_or(u16::MAX),
            unread: u16::try_from(said.iter().filter(|row| !row.is_read).count()).unwrap_or(u16::MAX),
            may_write: matches!(standing, ThreadStanding::OurTurn | ThreadStanding::Silent),
            standing: standing_words(standing).to_owned(),
            last_ms: said.iter().map(|row| row.at.0).max().unwrap_or_default(),
        })
    }

    async fn screened_view_of(&self, row: &LetterRow, thread: &ThreadId) -> LetterView {
        let mut view = self.view_of(row, thread);
        self.screen_letter(&mut view, row.seq).await;
        view
    }

    fn view_of(&self, row: &LetterRow, thread: &ThreadId) -> LetterView {
        let now = self.shell.now();
        let sent = self.mail.post.outbox().row(&row.letter);
        let truth = sent.map(|sent| sent.truth(now.wall));
        let state = match (row.way, truth) {
            (Way::Received, _) if row.is_read => LetterState::Read,
            (Way::Received, _) => LetterState::Received,
            (Way::Sent, Some(LetterTruth::Queued)) => LetterState::Queued,
            (Way::Sent, Some(LetterTruth::InMailbox(_))) => LetterState::InMailbox,
            (Way::Sent, Some(LetterTruth::Failed(_))) => LetterState::Failed,
            // What is archived was collected, or its time is over; nothing more can be proven.
            (Way::Sent, Some(LetterTruth::Collected) | None) => LetterState::Collected,
        };
        LetterView {
            letter: row.letter.to_string(),
            thread: thread_name(thread),
            bottle: row.bottle.to_string(),
            side: if row.way == Way::Sent {
                LetterSide::Me
            } else {
                LetterSide::Stranger
            },
            light: (row.kind == store::LetterKind::Light)
                .then(|| Light::from_code(row.light).map(|light| light.name().to_owned()))
                .flatten(),
            text: (row.kind == store::LetterKind::Text).then(|| text::clean(&row.text)),
            state,
            veil: None,
            care: false,
            receipts: match truth {
                Some(LetterTruth::InMailbox(receipts)) => receipts,
                Some(LetterTruth::Queued | LetterTruth::Collected | LetterTruth::Failed(_)) | None => 0,
            },
            at_ms: row.at.0,
        }
    }

    /// A thread by its own name, or by the bottle that began it.
    pub(super) async fn thread_of(&self, name: &str) -> Result<ThreadId, Trouble> {
        let wanted = name.trim().to_lowercase();
        let named =
            |id: &ThreadId| is_meant(&thread_name(id), &wanted) || is_meant(&id.bottle.to_string(), &wanted);
        let mut found = self.mail.threads.rows().map(ThreadRow::id).filter(named);
        match (found.next(), found.next()) {
            (Some(thread), None) if wanted.len() >= super::find::NAME_CHARS_MIN => Ok(thread),
            (Some(_), _) => Err(super::find::ambiguous(name).into()),
            (None, _) => Err(missing("thread or opened bottle", name).into()),
        }
    }
}

/// A received letter, opened.
struct Opened {
    start: ThreadStart,
    letter: ThreadLetter,
    row: LetterRow,
}

fn thread_start(deposit: &Deposit) -> ThreadStart {
    let header = deposit.header.value();
    ThreadStart {
        id: ThreadId {
            bottle: deposit.header.bottle(),
            claimant: deposit.claim.value().claimant,
        },
        // What the finder wrote came to us as the author, and the other way round.
        me: match deposit.envelope.from {
            Side::Finder => Side::Author,
            Side::Author => Side::Finder,
        },
        author: header.author,
        reply_to: header.reply_to,
        letters_end: time_rules::letters_end(header.expires_at()),
    }
}

fn letter_row(thread: &ThreadId, letter: &ThreadLetter, content: &LetterContent) -> LetterRow {
    let (kind, light, words) = match content {
        LetterContent::Light(light) => (store::LetterKind::Light, *light, String::new()),
        LetterContent::Text(words) => (store::LetterKind::Text, 0, words.clone()),
        LetterContent::Drift | LetterContent::Unknown { .. } => (store::LetterKind::Other, 0, String::new()),
    };
    LetterRow {
        letter: letter.letter,
        thread: stored_id(thread),
        bottle: thread.bottle,
        way: Way::Received,
        seq: letter.seq,
        kind,
        light,
        is_read: false,
        at: letter.at,
        reply_key: Some(letter.reply_key),
        text: words.into(),
        reply_secret: Vec::new().into(),
    }
}

/// The claim and its key, as stored.
pub(super) fn read_claim(row: &OwnClaimRow) -> Option<(Signed<Claim>, SigningKey)> {
    let seed = <[u8; 32]>::try_from(&row.secret[..]).ok()?;
    match CatchMessage::decode(&row.claim).ok()? {
        CatchMessage::Claim(claim) => Some((claim, SigningKey::from_seed(&seed))),
        CatchMessage::ThrowBack(_) | CatchMessage::Withdrawal(_) | CatchMessage::Recast(_) => None,
    }
}

/// The store's name of a thread: the hash of bottle and claimant.
pub(super) fn stored_id(thread: &ThreadId) -> StoredThread {
    StoredThread(sha2_256(&[thread.bottle.0, thread.claimant.0].concat()))
}

/// The user's name of a thread.
pub(super) fn thread_name(thread: &ThreadId) -> String {
    stored_id(thread)
        .0
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn standing_words(standing: ThreadStanding) -> &'static str {
    match standing {
        ThreadStanding::OurTurn => "your turn",
        ThreadStanding::Waiting => "waiting for the other side",
        ThreadStanding::Silent => "nothing written yet",
        ThreadStanding::WeDrift => "you let it drift",
        ThreadStanding::DriftedOn => "this thread drifted on",
        ThreadStanding::Full => "no more letters fit",
        ThreadStanding::Over => "its time is over",
    }
}

fn not_now(refusal: WriteRefusal) -> Problem {
    match refusal {
        WriteRefusal::Unknown => missing("thread", ""),
        WriteRefusal::Over => refused("Letters about this bottle are no longer kept anywhere.", ""),
        WriteRefusal::LightSent => refused("You lit this bottle already.", "You may still write one letter."),
        WriteRefusal::Unanswered => refused(
            "Your last letter is not answered yet.",
            "One letter waits at a time.",
        ),
        WriteRefusal::NothingToAnswer => refused("Nothing came that could be answered.", ""),
        WriteRefusal::DriftedOn => refused("This thread drifted on.", ""),
        WriteRefusal::Full => refused("This thread has as many letters as fit.", ""),
        WriteRefusal::Blocked => refused("This thread is blocked.", ""),
    }
}

const CLAIMS: &str = "their-claims";
