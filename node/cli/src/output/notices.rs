//! What happened, as one line.

use meteorite_protocol::control::{LetterSide, LetterState, LetterView, Notice};

use super::words;

/// A notice in words; none for those that are only of use to programs.
pub(crate) fn line(notice: &Notice, now_ms: u64) -> Option<String> {
    Some(match notice {
        Notice::Fell(stone) => format!(
            "a stone falls: {}  {}, {}, {} characters, thrown {}",
            words::short(&stone.bottle),
            words::moods(stone),
            words::one_line(&stone.lang),
            stone.length,
            words::thrown_ago(stone.thrown_ms, now_ms),
        ),
        Notice::Bottle(own) => {
            format!(
                "your bottle {}: {}",
                words::short(&own.stone.bottle),
                words::fate(own)
            )
        }
        Notice::Hold(hold) => {
            format!(
                "your catch {}: {}",
                words::short(&hold.stone.bottle),
                words::hold(hold.state)
            )
        }
        Notice::Ended { bottle, fate } => {
            format!("bottle {} {}", words::short(bottle), words::ending(*fate))
        }
        Notice::Letter(letter) => letter_line(letter),
        Notice::PeerUp { peer, peers } => format!("neighbour {} came; {peers} now", words::short(peer)),
        Notice::PeerDown { peer, peers } => format!("neighbour {} left; {peers} now", words::short(peer)),
        Notice::Listening { address } => format!("listening on {}", words::one_line(address)),
        Notice::Mining { .. } => return None,
        Notice::Missed(many) => format!("({many} notices were missed)"),
        Notice::Stopping => "the node ends".to_owned(),
    })
}

/// A letter that came, or what became of one that was sent.
fn letter_line(letter: &LetterView) -> String {
    let thread = words::short(&letter.thread);
    let what = if letter.light.is_some() { "light" } else { "letter" };
    let came = matches!(letter.state, LetterState::Received | LetterState::Read);
    match letter.side {
        LetterSide::Stranger if came => format!("a {what} came: meteorite letters {thread}"),
        LetterSide::Stranger | LetterSide::Me => {
            format!("your {what} in {thread}: {}", words::letter_state(letter))
        }
    }
}
