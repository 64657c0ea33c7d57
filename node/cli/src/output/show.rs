//! A node's answer as a person reads it.

use console::Style;
use meteorite_protocol::control::{
    BottleView, DoctorFinding, Finding, HoldView, LetterView, OwnBottleView, PeerView, Reply, SkyPage,
    Snapshot, StoneView, TasteView, ThreadView,
};

use super::picture::Pictures;
use super::table::Table;
use super::{veils, words};

/// Any answer in words, without a newline at the end.
pub(crate) fn reply(reply: &Reply, now_ms: u64, pictures: &mut Pictures) -> String {
    match reply {
        Reply::Done => "Done.".to_owned(),
        Reply::Thrown(own) => above(pictures.stone(&own.stone), thrown(own)),
        Reply::Sky(page) => above(pictures.gallery(&page.stones), sky(page, now_ms)),
        Reply::Caught(hold) => above(pictures.stone(&hold.stone), caught(hold, now_ms)),
        Reply::Read(bottle) => above(pictures.stone(&bottle.stone), opened(bottle, now_ms)),
        Reply::Queued(letter) => queued(letter),
        Reply::Hold(hold) => hold_table(hold, now_ms),
        Reply::Collection(bottles) => collection(bottles, now_ms),
        Reply::Bottles(bottles) => own_table(bottles, now_ms),
        Reply::Threads(threads) => threads_table(threads, now_ms),
        Reply::Letters(letters) => letters.iter().map(letter_text).collect::<Vec<_>>().join("\n\n"),
        Reply::Peers(peers) => peers_table(peers),
        Reply::Invite(code) | Reply::Exported(code) => words::clean(code),
        Reply::Dialling(addresses) => {
            format!(
                "Dialling {}.",
                words::count((*addresses).into(), "address", "addresses")
            )
        }
        Reply::Veil(level) => format!(
            "Texts of strangers are veiled at the level “{}”: {}.",
            words::one_line(level),
            words::veil_level(level)
        ),
        Reply::Taste(view) => taste(view),
        Reply::Doctor(findings) => doctor(findings),
        Reply::Imported(rows) => format!("{} came back.", words::count(*rows, "row", "rows")),
        Reply::Snapshot(snapshot) => status(snapshot, now_ms),
        Reply::Problem(problem) => problem.to_string(),
    }
}

/// A picture or its description, an empty line, and what is said.
fn above(picture: String, text: String) -> String {
    if picture.is_empty() {
        text
    } else {
        format!("{picture}\n\n{text}")
    }
}

fn thrown(own: &OwnBottleView) -> String {
    let mut text = format!(
        "Your bottle {} is thrown: {}.\n{}",
        words::short(&own.stone.bottle),
        words::fate(own),
        stone_line(&own.stone)
    );
    if let Some(nudge) = &own.nudge {
        text.push('\n');
        text.push_str(&words::clean(nudge));
    }
    text
}

fn stone_line(stone: &StoneView) -> String {
    format!(
        "{}, {}, {}, for {}",
        words::moods(stone),
        words::one_line(&stone.lang),
        words::count(stone.length.into(), "character", "characters"),
        words::count(stone.slots.into(), "stranger", "strangers")
    )
}

fn sky(page: &SkyPage, now_ms: u64) -> String {
    if page.stones.is_empty() {
        return if page.drifting == 0 {
            "The sky is empty: no bottle has come by yet.".to_owned()
        } else {
            format!(
                "Nothing to show here; {} in all (see --all).",
                words::count(page.drifting.into(), "bottle drifts", "bottles drift")
            )
        };
    }
    let mut table = Table::new(&["BOTTLE", "AGE", "LANG", "LENGTH", "CAUGHT", "SINKS IN", "MOOD"]);
    for stone in &page.stones {
        table.row(vec![
            words::short(&stone.bottle),
            words::drifting(stone.thrown_ms, now_ms),
            words::one_line(&stone.lang),
            stone.length.to_string(),
            places(stone),
            words::until(stone.sinks_ms, now_ms),
            words::moods(stone),
        ]);
    }
    let more = page.next.as_ref().map_or_else(String::new, |cursor| {
        format!("\nMore: meteorite sky --page {}", words::one_line(cursor))
    });
    format!("{}{more}", table.text())
}

fn places(stone: &StoneView) -> String {
    format!("{} of {}", stone.caught, stone.slots)
}

fn caught(hold: &HoldView, now_ms: u64) -> String {
    let short = words::short(&hold.stone.bottle);
    let why = hold
        .why
        .as_ref()
        .map_or_else(String::new, |why| format!("\n{}", words::one_line(why)));
    format!(
        "In your hold: {short}\n{}, thrown {}.{why}\nOpen it with `meteorite read {short}`, or let it go with `meteorite release {short}`.",
        stone_line(&hold.stone),
        words::thrown_ago(hold.stone.thrown_ms, now_ms)
    )
}

fn taste(view: &TasteView) -> String {
    let languages = if view.languages.is_empty() {
        "every language".to_owned()
    } else {
        view.languages
            .iter()
            .map(|tag| words::one_line(tag))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut text = format!(
        "The sea chooses at {} of 100 between “surprise me” and “like me”, in {languages}.\nIt has learned from {} and keeps a log of {}.",
        view.knob,
        words::count(view.learned, "bottle", "bottles"),
        words::count(view.choices.into(), "choice", "choices"),
    );
    if let Some(fresh) = &view.fresh {
        text.push_str(&format!("\n{}", words::one_line(fresh)));
    }
    if !view.compared.is_empty() {
        let mut table = Table::new(&["WAY TO CHOOSE", "REWARD OF A BOTTLE"]);
        for way in &view.compared {
            let reward = format!("{:.2} ± {:.2}", way.reward, way.error);
            table.row(vec![words::one_line(&way.way), reward]);
        }
        text.push_str(&format!("\n\n{}", table.text()));
    }
    text
}

fn opened(bottle: &BottleView, now_ms: u64) -> String {
    let mut text = String::new();
    if let Some(veil) = &bottle.veil {
        text.push_str(&format!("({})\n\n", veils::why(veil)));
    }
    text.push_str(&words::clean(&bottle.text));
    text.push('\n');
    if let Some(nick) = &bottle.nick {
        text.push_str(&format!("\n— {}", words::one_line(nick)));
    }
    let tags = bottle.tags.iter().map(|tag| format!("#{}", words::one_line(tag)));
    let about = [
        words::short(&bottle.stone.bottle),
        words::moods(&bottle.stone),
        format!("thrown {}", words::thrown_ago(bottle.stone.thrown_ms, now_ms)),
        tags.collect::<Vec<_>>().join(" "),
    ];
    let about = about
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    text.push_str(&format!("\n{}", Style::new().dim().apply_to(about)));
    if bottle.care {
        text.push_str(&format!("\n\n{}\n", veils::care_words()));
    }
    if let Some(state) = bottle.state {
        text.push_str(&format!("\n{}", Style::new().dim().apply_to(words::hold(state))));
    }
    text
}

fn queued(letter: &LetterView) -> String {
    let what = letter.light.as_ref().map_or_else(
        || "Your letter".to_owned(),
        |light| format!("Your light ({})", words::one_line(light)),
    );
    format!(
        "{what} is {}. Thread {}.",
        words::letter_state(letter),
        words::short(&letter.thread)
    )
}

fn hold_table(hold: &[HoldView], now_ms: u64) -> String {
    if hold.is_empty() {
        return "Your hold is empty. `meteorite catch` takes the next stone.".to_owned();
    }
    let mut table = Table::new(&["BOTTLE", "AGE", "LANG", "LENGTH", "MOOD", "STATE"]);
    for HoldView { stone, state, .. } in hold {
        table.row(vec![
            words::short(&stone.bottle),
            words::drifting(stone.thrown_ms, now_ms),
            words::one_line(&stone.lang),
            stone.length.to_string(),
            words::moods(stone),
            words::hold(*state).to_owned(),
        ]);
    }
    table.text()
}

fn collection(bottles: &[BottleView], now_ms: u64) -> String {
    if bottles.is_empty() {
        return "Nothing here. `meteorite keep BOTTLE` keeps a bottle that you opened.".to_owned();
    }
    let mut table = Table::new(&["BOTTLE", "AGE", "LANG", "MOOD", "TEXT"]);
    for bottle in bottles {
        table.row(vec![
            words::short(&bottle.stone.bottle),
            words::drifting(bottle.stone.thrown_ms, now_ms),
            words::one_line(&bottle.stone.lang),
            words::moods(&bottle.stone),
            words::one_line(&bottle.text),
        ]);
    }
    table.text()
}

fn own_table(bottles: &[OwnBottleView], now_ms: u64) -> String {
    if bottles.is_empty() {
        return "You have thrown no bottle yet. `meteorite throw` throws one.".to_owned();
    }
    let mut table = Table::new(&["BOTTLE", "AGE", "SINKS IN", "STATE", "TEXT"]);
    for own in bottles {
        let recast = if own.recast_ready { " (may be recast)" } else { "" };
        table.row(vec![
            words::short(&own.stone.bottle),
            words::drifting(own.stone.thrown_ms, now_ms),
            words::until(own.stone.sinks_ms, now_ms),
            format!("{}{recast}", words::fate(own)),
            words::one_line(&own.text),
        ]);
    }
    table.text()
}

fn threads_table(threads: &[ThreadView], now_ms: u64) -> String {
    if threads.is_empty() {
        return "No letters yet.".to_owned();
    }
    let mut table = Table::new(&[
        "THREAD",
        "LAST",
        "LETTERS",
        "NEW",
        "YOU MAY WRITE",
        "BOTTLE",
        "STANDING",
    ]);
    for thread in threads {
        table.row(vec![
            words::short(&thread.thread),
            words::age(thread.last_ms, now_ms),
            thread.letters.to_string(),
            thread.unread.to_string(),
            if thread.may_write { "yes" } else { "no" }.to_owned(),
            format!(
                "{}{}",
                words::short(&thread.bottle),
                if thread.mine { " (yours)" } else { "" }
            ),
            words::one_line(&thread.standing),
        ]);
    }
    table.text()
}

fn letter_text(letter: &LetterView) -> String {
    let head = format!(
        "{} · {} · {}",
        words::side(letter.side),
        words::moment(letter.at_ms),
        words::letter_state(letter)
    );
    let light = letter
        .light
        .as_ref()
        .map(|light| format!("* a light: {}", words::one_line(light)));
    let text = letter.text.as_ref().map(|text| words::clean(text));
    let care = letter.care.then(veils::care_words);
    let parts = [
        Some(Style::new().dim().apply_to(head).to_string()),
        light,
        text,
        care,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn peers_table(peers: &[PeerView]) -> String {
    if peers.is_empty() {
        return "No neighbours. `meteorite join CODE` meets the peers of an invitation; `meteorite doctor` looks for the cause."
            .to_owned();
    }
    let mut table = Table::new(&["PEER", "ROUND TRIP", "SCORE", "HOLDS LETTERS", "ADDRESS"]);
    for peer in peers {
        table.row(vec![
            words::short(&peer.peer),
            peer.rtt_ms
                .map_or_else(|| "-".to_owned(), |rtt| format!("{rtt} ms")),
            format!("{:.1}", peer.score),
            if peer.mailbox { "yes" } else { "no" }.to_owned(),
            format!(
                "{}{}",
                words::one_line(&peer.address),
                if peer.relayed { " (relayed)" } else { "" }
            ),
        ]);
    }
    table.text()
}

fn doctor(findings: &[DoctorFinding]) -> String {
    let lines = findings.iter().map(|found| {
        let mark = words::finding(found.finding);
        let mark = match found.finding {
            Finding::Bad => Style::new().red().bold(),
            Finding::Warn => Style::new().yellow(),
            Finding::Good => Style::new().green(),
        }
        .apply_to(mark);
        let next = if found.next.is_empty() {
            String::new()
        } else {
            format!("\n      {}", words::clean(&found.next))
        };
        format!(
            "{mark}  {}: {}{next}",
            words::one_line(&found.about),
            words::clean(&found.what)
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn status(snapshot: &Snapshot, now_ms: u64) -> String {
    let relayed = if snapshot.relayed == 0 {
        String::new()
    } else {
        format!(" ({} relayed)", snapshot.relayed)
    };
    let allowance = |allowance: meteorite_protocol::control::Allowance| {
        format!(
            "{} of {} left, anew in {}",
            allowance.left,
            allowance.of,
            words::until(allowance.renews_ms, now_ms)
        )
    };
    let mut lines = vec![
        ("peer", words::one_line(&snapshot.peer)),
        ("neighbours", format!("{}{relayed}", snapshot.peers)),
        ("reachable", words::reach(snapshot.reach).to_owned()),
        (
            "sky",
            words::count(snapshot.drifting.into(), "bottle drifts", "bottles drift"),
        ),
        (
            "bodies",
            format!(
                "{} ({} of {})",
                snapshot.bodies,
                words::bytes(snapshot.body_bytes),
                words::bytes(snapshot.body_bytes_max)
            ),
        ),
        ("own bottles", format!("{} adrift", snapshot.own_drifting)),
        ("hold", words::count(snapshot.hold.into(), "stone", "stones")),
        (
            "letters",
            format!("{} unread, {} on the way out", snapshot.unread, snapshot.outbox),
        ),
        (
            "mailbox",
            format!(
                "{} held for others; {} known",
                words::count(snapshot.mailbox.into(), "letter", "letters"),
                words::count(snapshot.mailboxes.into(), "mailbox", "mailboxes")
            ),
        ),
        ("throws", allowance(snapshot.throws)),
        ("opens", allowance(snapshot.opens)),
        ("stamp", format!("{} bits", snapshot.stamp_bits)),
    ];
    lines.extend(
        snapshot
            .listening
            .iter()
            .map(|address| ("listening", words::one_line(address))),
    );
    lines.extend(
        snapshot
            .external
            .iter()
            .map(|address| ("seen as", words::one_line(address))),
    );
    let lines = lines
        .into_iter()
        .map(|(name, value)| format!("{name:<12}  {value}"));
    lines.collect::<Vec<_>>().join("\n")
}
