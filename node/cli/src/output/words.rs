//! Numbers and states in the words a person uses.
//!
//! Everything that strangers wrote passes through [`clean`] before it reaches a terminal, so that no text can move the
//! cursor, change colours or reverse the reading direction of what stands around it.

use std::time::{SystemTime, UNIX_EPOCH};

use meteorite_protocol::control::{
    BottleFate, Finding, HoldState, LetterSide, LetterState, LetterView, OwnBottleView, Reach, StoneView,
};
use meteorite_protocol::text;

/// Characters of an id that are shown and that commands take back.
pub(crate) const SHORT_ID_CHARS: usize = 10;

/// Unix milliseconds now; zero on a clock before 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The ending of an id, by which commands know it.
pub(crate) fn short(id: &str) -> String {
    let skip = id.chars().count().saturating_sub(SHORT_ID_CHARS);
    clean(&id.chars().skip(skip).collect::<String>())
}

/// Two letters of the environment's language; English where it says nothing.
pub(crate) fn reader_language() -> String {
    let said = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    said.map_or_else(|| "en".to_owned(), |value| value.chars().take(2).collect())
}

/// Text without anything that a terminal would obey; line breaks stay.
pub(crate) fn clean(text: &str) -> String {
    text::clean(text)
}

/// [`clean`], in one line.
pub(crate) fn one_line(text: &str) -> String {
    text::clean_line(text)
}

/// How long ago, roughly.
pub(crate) fn age(then_ms: u64, now_ms: u64) -> String {
    match now_ms.saturating_sub(then_ms) {
        0..MINUTE_MS => "now".to_owned(),
        span => span_words(span),
    }
}

/// [`age`] inside a sentence.
pub(crate) fn ago(then_ms: u64, now_ms: u64) -> String {
    match age(then_ms, now_ms).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// How long a bottle drifts. Its header is dated to ten minutes, so a younger one has no age yet.
pub(crate) fn drifting(thrown_ms: u64, now_ms: u64) -> String {
    if is_new(thrown_ms, now_ms) {
        "new".to_owned()
    } else {
        age(thrown_ms, now_ms)
    }
}

/// [`drifting`] inside a sentence.
pub(crate) fn thrown_ago(thrown_ms: u64, now_ms: u64) -> String {
    if is_new(thrown_ms, now_ms) {
        "within the last ten minutes".to_owned()
    } else {
        ago(thrown_ms, now_ms)
    }
}

fn is_new(thrown_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(thrown_ms) < 10 * MINUTE_MS
}

/// How long until then, roughly.
pub(crate) fn until(then_ms: u64, now_ms: u64) -> String {
    match then_ms.saturating_sub(now_ms) {
        0 => "now".to_owned(),
        span @ 1..MINUTE_MS => format!("{} s", span.div_ceil(1_000)),
        span => span_words(span),
    }
}

fn span_words(span_ms: u64) -> String {
    match span_ms {
        0..HOUR_MS => format!("{} min", span_ms / MINUTE_MS),
        HOUR_MS..DAY_MS => format!("{} h", span_ms / HOUR_MS),
        _ => format!("{} d", span_ms / DAY_MS),
    }
}

/// Date and time on the user's clock.
pub(crate) fn moment(at_ms: u64) -> String {
    let at = i64::try_from(at_ms)
        .ok()
        .and_then(chrono::DateTime::from_timestamp_millis);
    at.map_or_else(String::new, |at| {
        at.with_timezone(&chrono::Local)
            .format("%Y-%m-%d %H:%M")
            .to_string()
    })
}

/// Bytes with a unit.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..KIB => format!("{count} B"),
        KIB..MIB => format!("{} KiB", count / KIB),
        _ => format!("{} MiB", count / MIB),
    }
}

/// `1 neighbour`, `2 neighbours`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// What is proven about an own bottle, and nothing more.
pub(crate) fn fate(bottle: &OwnBottleView) -> String {
    let caught = format!("caught {} of {}", bottle.stone.caught, bottle.stone.slots);
    match bottle.fate {
        BottleFate::Queued => "queued: safe on this computer, with no neighbour yet".to_owned(),
        BottleFate::Handed => {
            format!(
                "handed to {}",
                count(bottle.handed.into(), "neighbour", "neighbours")
            )
        }
        BottleFate::Drifting if bottle.held == 1 => "1 neighbour has it".to_owned(),
        BottleFate::Drifting => format!("{} neighbours have it", bottle.held),
        BottleFate::Caught => caught,
        BottleFate::Answered => format!("{caught}, {}", count(bottle.answers.into(), "answer", "answers")),
        BottleFate::Sunk if bottle.answers > 0 => {
            format!(
                "sank; {caught}, {}",
                count(bottle.answers.into(), "answer", "answers")
            )
        }
        BottleFate::Sunk => format!("sank; {caught}"),
        BottleFate::Withdrawn => "taken back".to_owned(),
    }
}

/// How a bottle of the sky ended.
pub(crate) const fn ending(fate: BottleFate) -> &'static str {
    match fate {
        BottleFate::Queued | BottleFate::Handed | BottleFate::Drifting => "drifted on",
        BottleFate::Caught => "was caught",
        BottleFate::Answered => "was answered",
        BottleFate::Sunk => "sank",
        BottleFate::Withdrawn => "was taken back by its author",
    }
}

/// What became of a catch.
pub(crate) const fn hold(state: HoldState) -> &'static str {
    match state {
        HoldState::Sealed => "sealed",
        HoldState::Opening => "being opened",
        HoldState::Provisional => "opened; another ship may still prove to have been first",
        HoldState::Confirmed => "opened, and yours",
        HoldState::Displaced => "opened; another ship reached it first, you keep what you read",
        HoldState::ThrownBack => "thrown back",
        HoldState::Kept => "in your collection",
        HoldState::Gone => "gone before it was opened",
    }
}

/// What is proven about a letter.
pub(crate) fn letter_state(letter: &LetterView) -> String {
    match letter.state {
        LetterState::Queued => "queued: safe on this computer, in no mailbox yet".to_owned(),
        LetterState::InMailbox => {
            format!("in {}", count(letter.receipts.into(), "mailbox", "mailboxes"))
        }
        LetterState::Collected => "collected".to_owned(),
        LetterState::Failed => "nobody took it in its time".to_owned(),
        LetterState::Received => "new".to_owned(),
        LetterState::Read => "read".to_owned(),
    }
}

/// Who wrote a letter.
pub(crate) const fn side(side: LetterSide) -> &'static str {
    match side {
        LetterSide::Me => "you",
        LetterSide::Stranger => "the stranger",
    }
}

/// How a finding stands.
pub(crate) const fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Bad => "mend",
        Finding::Warn => "note",
        Finding::Good => "good",
    }
}

/// Whether others can dial this node.
pub(crate) const fn reach(reach: Reach) -> &'static str {
    match reach {
        Reach::Unknown => "not known yet",
        Reach::Public => "from the internet",
        Reach::Relayed => "through a relay",
        Reach::Private => "not from outside",
    }
}

/// The moods of a stone, or that it has none to speak of.
pub(crate) fn moods(stone: &StoneView) -> String {
    if stone.moods.is_empty() {
        "calm".to_owned()
    } else {
        one_line(&stone.moods.join(", "))
    }
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// What a level of veiling spares a reader.
pub(crate) fn veil_level(name: &str) -> &'static str {
    match name {
        "open" => "only the worst, and ways to be reached",
        "strict" => "whatever might hurt is hidden",
        _ => "what may hurt, what nobody rated, what is sexual",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_cannot_command_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\u{7}\u{9b}c\r\nd\u{202e}e"), "a[2Jbc\nde");
        assert_eq!(one_line("two\n lines"), "two lines");
    }

    #[test]
    fn spans_are_rough() {
        let check = |span_ms: u64, expected: &str| assert_eq!(age(0, span_ms), expected);
        check(0, "now");
        check(59_999, "now");
        check(60_000, "1 min");
        check(3_599_999, "59 min");
        check(7_200_000, "2 h");
        check(3 * 86_400_000, "3 d");
        assert_eq!(until(2_500, 1_000), "2 s");
        assert_eq!(until(5, 9), "now");
    }

    #[test]
    fn ids_are_known_by_their_ending() {
        assert_eq!(short("bafyreiabcdefghijklmnop"), "ghijklmnop");
        assert_eq!(short("abc"), "abc");
    }
}
