//! Does a text carry a way to reach its author outside? Links, mail addresses, telephone numbers, handles: by rules, in every language.
//!
//! A bottle is anonymous; an address in it is most often an advertisement, a trap, or a mistake that its author would regret.

mod handles;
mod phones;

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
    let spelt = unspelt(&plain);
    let mut words: Vec<&str> = plain
        .split(|letter: char| {
            letter.is_whitespace() || matches!(letter, '，' | '、' | '。' | '「' | '」' | '<' | '>' | '"')
        })
        .collect();
    // An address may stand in a run of a script without spaces.
    words.extend(spelt.split(|letter: char| !letter.is_ascii_graphic()));
    let words: Vec<&str> = words
        .into_iter()
        .map(|word| word.trim_matches(|letter: char| "()[]{}.,;:!?'\"…".contains(letter)))
        .filter(|word| !word.is_empty())
        .collect();
    if words.iter().any(|word| is_mail(word)) || is_spelt_mail(&words) {
        return Some(Contact::Mail);
    }
    if words.iter().any(|word| is_link(word)) || is_spelt_link(&words) {
        return Some(Contact::Link);
    }
    if words.iter().any(|word| is_handle(word)) || handles::named(&plain, &words) {
        return Some(Contact::Handle);
    }
    phones::told(&plain).then_some(Contact::Phone)
}

/// A text with spelt-out signs put back: `a艾特b点com`, and letters that stand one by one: `e x a m p l e . c o m`.
fn unspelt(text: &str) -> String {
    let mut text = text.to_owned();
    for end in ["com", "net", "org"] {
        for point in [" . ", " .", "。", "，", ","] {
            text = text.replace(&format!("{point}{end}"), &format!(".{end}"));
        }
    }
    for (word, sign) in SPELT {
        for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("", "")] {
            // Bare words of an alphabet are left to the rules over words.
            if !open.is_empty() || !word.is_ascii() {
                text = join(&text, &format!("{open}{word}{close}"), sign);
            }
        }
    }
    let mut joined = String::with_capacity(text.len());
    let mut singles: Vec<&str> = Vec::new();
    for word in text.split_whitespace().chain([""]) {
        if word.len() == 1 {
            singles.push(word);
            continue;
        }
        let glue = if singles.len() >= SINGLES_MIN { "" } else { " " };
        joined.push_str(&singles.join(glue));
        joined.push(' ');
        singles.clear();
        joined.push_str(word);
        joined.push(' ');
    }
    joined
}

/// Puts a sign where its name stands between two letters or digits of ASCII, with or without spaces.
fn join(text: &str, name: &str, sign: &str) -> String {
    let mut parts = text.split(name);
    let mut joined = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (before, after) = (joined.trim_end(), part.trim_start());
        let plain = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
        if plain(before.chars().next_back()) && plain(after.chars().next()) {
            joined.truncate(before.len());
            joined.push_str(sign);
            joined.push_str(after);
        } else {
            joined.push_str(name);
            joined.push_str(part);
        }
    }
    joined
}

/// Names of the signs of an address.
const SPELT: [(&str, &str); 16] = [
    ("@", "@"),
    (".", "."),
    ("at", "@"),
    ("arroba", "@"),
    ("艾特", "@"),
    ("小老鼠", "@"),
    ("アットマーク", "@"),
    ("アット", "@"),
    ("あっと", "@"),
    ("골뱅이", "@"),
    ("dot", "."),
    ("punto", "."),
    ("点", "."),
    ("點", "."),
    ("ドット", "."),
    ("どっと", "."),
];
/// So many letters one by one are meant to be read together.
const SINGLES_MIN: usize = 6;

/// Zero-width and directional marks, which hide an address from rules and not from people, and the keys around digits.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe0f}' | '\u{20e3}')
}

fn is_mail(word: &str) -> bool {
    let Some((name, domain)) = word.rsplit_once('@') else {
        return false;
    };
    !name.is_empty() && is_domain(domain, 2)
}

/// `name at example dot com`, with or without brackets.
fn is_spelt_mail(words: &[&str]) -> bool {
    let at = |word: &&str| {
        matches!(
            *word,
            "at" | "arroba" | "собака" | "ät" | "klammeraffe" | "chiocciola" | "arobase" | "골뱅이"
        )
    };
    let dot = |word: &&str| {
        matches!(
            *word,
            "dot" | "punto" | "punkt" | "point" | "точка" | "ponto" | "nokta" | "점" | "닷"
        )
    };
    let whole = |five: &[&str]| matches!(five, [_, middle, _, point, end] if at(middle) && dot(point) && is_ending(end));
    let half = |three: &[&str]| matches!(three, [_, middle, host] if matches!(*middle, "arroba" | "собака") && is_domain(host, 2));
    words.windows(5).any(whole) || words.windows(3).any(half)
}

/// `example dot com`, and `example . com`.
fn is_spelt_link(words: &[&str]) -> bool {
    let dot = |word: &str| matches!(word, "dot" | "punto" | "punkt" | "точка" | "ponto");
    let sound = |word: &str| {
        word.len() >= 3
            && word
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    words
        .windows(3)
        .any(|three| matches!(three, [host, point, end] if sound(host) && dot(point) && is_ending(end)))
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
    word.starts_with("www.") && host.len() > 4 || is_domain(host, 2) || is_path(host, word)
}

/// Any ending does where a path follows: `example.quay/tide`.
fn is_path(host: &str, word: &str) -> bool {
    let end = host.rsplit('.').next().unwrap_or_default();
    let labels = host.split('.').filter(|label| label.len() >= 2).count();
    let path = word.get(host.len()..).unwrap_or_default();
    labels >= 2
        && labels == host.split('.').count()
        && host.is_ascii()
        && path.starts_with('/')
        && path.len() >= 3
        && end.chars().all(|letter| letter.is_ascii_alphabetic())
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

/// A zero passes for an o.
fn is_ending(end: &str) -> bool {
    ENDINGS.contains(&end.replace('0', "o").as_str())
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

/// Endings of hosts that people write without a scheme.
const ENDINGS: [&str; 94] = [
    "example", "test", "com", "org", "net", "info", "biz", "io", "me", "co", "app", "dev", "xyz", "site",
    "online", "shop", "store", "club", "top", "live", "link", "click", "tv", "cc", "gg", "ly", "to", "us",
    "uk", "eu", "de", "at", "ch", "fr", "es", "it", "pt", "br", "mx", "ar", "cl", "ru", "su", "ua", "pl",
    "nl", "be", "se", "no", "fi", "tr", "in", "cn", "hk", "tw", "jp", "kr", "рф", "edu", "gov", "page",
    "onion", "wiki", "tech", "vip", "icu", "moe", "ca", "au", "nz", "ie", "cz", "gr", "dk", "vn", "sg", "ph",
    "za", "il", "ro", "hu", "bg", "rs", "lt", "lv", "ee", "blog", "email", "invalid", "games", "chat",
    "social", "im", "pw",
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
        check("add me on telegram, tidepool", Contact::Handle);
        check("my insta handle is tidepool", Contact::Handle);
        check("búscame en instagram como marea", Contact::Handle);
        check("加我微信tidepool吧", Contact::Handle);
        check("LINEのIDはumibeです", Contact::Handle);
        check("邮箱是sailor@example.org，给我写信", Contact::Mail);
        check("sailor (at) example (dot) org", Contact::Mail);
        check("sailor艾特example点org", Contact::Mail);
        check("e x a m p l e . c o m", Contact::Link);
        check("example dot c0m has it all", Contact::Link);
        check("type example . com and see", Contact::Link);
        check("上example。com看看", Contact::Link);
        check("quay.harbour/tide", Contact::Link);
        check("tidepool ät example punkt org", Contact::Mail);
        check("I'm tide_pool#4410 over there", Contact::Handle);
        check("message me, tide_pool77", Contact::Handle);
        check("my gmail is tide.pool22", Contact::Handle);
        check("drop me a line, tidepool at gmail", Contact::Handle);
        check("gamertag: tide_22", Contact::Handle);
        check("加q：10203040506", Contact::Handle);
        check("q群 204060801", Contact::Handle);
        check("绿泡泡：tidepool", Contact::Handle);
        check("搜tide_22就能找到我", Contact::Handle);
        check("IDはtide_22です", Contact::Handle);
        check("カカオトークのID、tidepool", Contact::Handle);
        check("ВК: tidepool", Contact::Handle);
        check("텔레그램 아이디는 tidepool22", Contact::Handle);
        check("qq10203040", Contact::Handle);
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
            "The line between us: nothing but water.",
            "my instagram is full of cats",
            "the signal is weak out here",
            "I deleted telegram and discord yesterday",
            "在第3点集合",
            "五点半的时候",
            "Look at that dot on the horizon",
            "a b c, easy as 1 2 3",
            "he works at yahoo now",
            "my id card expired in 2019",
            "page #4410 of the logbook",
            "tell me about route66 one day",
            "we were 20 or 30 and/or more",
            "搜了一下午也没找到",
            "我们群里有200人",
            "the satellite GPS failed",
            "in groups of 10, 20, 30",
            "I came. Compared to before, fine",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
