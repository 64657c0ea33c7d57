//! Does a text carry a way to reach its author outside? Links, mail addresses, telephone numbers, handles: by rules, in every language.
//!
//! A bottle is anonymous; an address in it is most often an advertisement, a trap, or a mistake that its author would regret.

use unicode_normalization::UnicodeNormalization;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contact {
    /// A web address, also one without a scheme.
    Link,
    /// A mail address, also one that is spelt out.
    Mail,
    /// A telephone number.
    Phone,
    /// A name on another service.
    Handle,
}

/// The first kind that the text carries.
#[must_use]
pub fn find(text: &str) -> Option<Contact> {
    let plain: String = text.nfkc().collect::<String>().to_lowercase();
    let plain: String = plain.chars().filter(|letter| !is_invisible(*letter)).collect();
    let words: Vec<&str> = plain
        .split(|letter: char| {
            letter.is_whitespace() || matches!(letter, '，' | '、' | '。' | '「' | '」' | '<' | '>' | '"')
        })
        .map(|word| word.trim_matches(|letter: char| "()[]{}.,;:!?'…".contains(letter)))
        .filter(|word| !word.is_empty())
        .collect();
    if words.iter().any(|word| is_mail(word)) || is_spelt_mail(&words) {
        return Some(Contact::Mail);
    }
    if words.iter().any(|word| is_link(word)) {
        return Some(Contact::Link);
    }
    if words.iter().any(|word| is_handle(word)) || names_a_service(&words) {
        return Some(Contact::Handle);
    }
    has_phone(&plain).then_some(Contact::Phone)
}

/// Zero-width and directional marks, which hide an address from rules and not from people.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn is_mail(word: &str) -> bool {
    let Some((name, domain)) = word.rsplit_once('@') else {
        return false;
    };
    !name.is_empty() && is_domain(domain, 2)
}

/// `name at example dot com`, with or without brackets.
fn is_spelt_mail(words: &[&str]) -> bool {
    let at = |word: &&str| matches!(*word, "at" | "arroba" | "собака");
    let dot = |word: &&str| matches!(*word, "dot" | "punto" | "punkt" | "point" | "точка" | "ponto");
    words
        .windows(5)
        .any(|five| matches!(five, [_, middle, _, point, end] if at(middle) && dot(point) && is_ending(end)))
}

fn is_link(word: &str) -> bool {
    let bare = word
        .strip_prefix("http://")
        .or_else(|| word.strip_prefix("https://"))
        .or_else(|| word.strip_prefix("hxxp://"))
        .or_else(|| word.strip_prefix("hxxps://"));
    if let Some(bare) = bare {
        return bare.contains('.') || bare.starts_with("localhost");
    }
    let host = word.split(['/', '?', '#', ':']).next().unwrap_or_default();
    word.starts_with("www.") && host.len() > 4 || is_domain(host, 2)
}

/// Labels of letters, digits and hyphens, and an ending that exists often enough.
fn is_domain(host: &str, least: usize) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let sound = |label: &&str| {
        !label.is_empty()
            && label
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    labels.len() >= least && labels.iter().all(sound) && labels.last().is_some_and(|end| is_ending(end))
}

fn is_ending(end: &str) -> bool {
    ENDINGS.contains(&end)
}

/// `@name`, at least three letters long.
fn is_handle(word: &str) -> bool {
    word.strip_prefix('@').is_some_and(|name| {
        name.len() >= 3
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-'))
    })
}

/// The name of a service, followed within three words by something that looks like an account.
fn names_a_service(words: &[&str]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let clean = word.trim_end_matches([':', '：']);
        let (service, rest) = clean.split_once([':', '：']).unwrap_or((clean, ""));
        if !SERVICES.contains(&service) {
            return false;
        }
        is_account(rest) || words.iter().skip(at + 1).take(3).any(|word| is_account(word))
    })
}

/// Latin letters with digits or an underscore between them.
fn is_account(word: &str) -> bool {
    let ascii = word
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-' | '#' | '@' | '+'));
    let marked = word
        .chars()
        .any(|letter| letter.is_ascii_digit() || matches!(letter, '_' | '#' | '@'));
    word.len() >= 4 && ascii && marked
}

/// Seven to fifteen digits, with only what people put between them; years, dates and money have fewer, or other signs.
fn has_phone(text: &str) -> bool {
    let mut run = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_digit() || matches!(letter, '+' | '-' | ' ' | '(' | ')' | '/' | '.') {
            run.push(letter);
            continue;
        }
        if is_phone(run.trim_matches(|letter: char| " -/.".contains(letter))) {
            return true;
        }
        run.clear();
    }
    false
}

fn is_phone(run: &str) -> bool {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    let groups: Vec<&str> = run
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .collect();
    let international = run.starts_with('+') || run.starts_with("00");
    let is_date = groups.len() == 3
        && groups.iter().all(|group| group.len() <= 2 || group.len() == 4)
        && digits <= 8
        && !run.contains(' ');
    let one_by_one = groups.iter().filter(|group| group.len() == 1).count() > 2;
    match digits {
        7..=15 if is_date => false,
        _ if international && (8..=15).contains(&digits) => true,
        // Counted aloud, or a list of small numbers.
        _ if one_by_one => false,
        9..=12 => groups.len() <= 5 && (run.starts_with('0') || groups.len() >= 2 || digits >= 10),
        7..=8 => groups.len() == 2 && groups.iter().all(|group| group.len() >= 3) && run.contains('-'),
        _ => false,
    }
}

/// Services where an account name follows.
const SERVICES: [&str; 33] = [
    "telegram",
    "whatsapp",
    "instagram",
    "insta",
    "ig",
    "snapchat",
    "snap",
    "discord",
    "skype",
    "signal",
    "kik",
    "tiktok",
    "facebook",
    "fb",
    "twitter",
    "wechat",
    "weixin",
    "微信",
    "微信号",
    "微博",
    "qq",
    "q号",
    "扣扣",
    "line",
    "ライン",
    "카톡",
    "카카오톡",
    "인스타",
    "телеграм",
    "телега",
    "вотсап",
    "инстаграм",
    "tg",
];

/// Endings of hosts that people write without a scheme.
const ENDINGS: [&str; 60] = [
    "com", "org", "net", "info", "biz", "io", "me", "co", "app", "dev", "xyz", "site", "online", "shop",
    "store", "club", "top", "live", "link", "click", "tv", "cc", "gg", "ly", "to", "us", "uk", "eu", "de",
    "at", "ch", "fr", "es", "it", "pt", "br", "mx", "ar", "cl", "ru", "su", "ua", "pl", "nl", "be", "se",
    "no", "fi", "tr", "in", "cn", "hk", "tw", "jp", "kr", "рф", "edu", "gov", "page", "onion",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_reach_somebody_are_found() {
        let check = |text: &str, expected| assert_eq!(find(text), Some(expected), "{text}");
        check("write to someone.new+x@example.org please", Contact::Mail);
        check("someone at example dot com", Contact::Mail);
        check("see https://example.net/page?x=1", Contact::Link);
        check("everything on example.shop/now", Contact::Link);
        check("hxxp://example.com", Contact::Link);
        check("e\u{200b}xample.c\u{200b}om", Contact::Link);
        check("ｅｘａｍｐｌｅ．ｃｏｍ", Contact::Link);
        check("call +49 30 0000 0000", Contact::Phone);
        check("电话 010-0000-0000", Contact::Phone);
        check("find me: @some_sailor", Contact::Handle);
        check("微信：sailor_0000", Contact::Handle);
        check("my discord is sailor#0000", Contact::Handle);
    }

    #[test]
    fn numbers_dates_and_full_stops_are_no_contact() {
        for text in [
            "",
            "I was born on 12.03.1987 and again in 2011.",
            "It cost 1,200,000 and I paid 15.50",
            "one.two three.Four",
            "1 2 3 4 5 6 7 8 9 10",
            "at 10:30 or 22:45",
            "Version 1.2.3.4 of everything",
            "a line of poetry, and 2026-11-22 above it",
            "我有 3000000 个梦",
            "me@home",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
