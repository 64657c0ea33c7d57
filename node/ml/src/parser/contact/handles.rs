//! Names on other services: who says "my discord is ..." wants to be found there.

/// Whether the text names an account. `plain` is lower case; `words` are its words and its runs of ASCII.
pub(super) fn named(plain: &str, words: &[&str]) -> bool {
    words
        .iter()
        .enumerate()
        .any(|(at, word)| is_named_after(at, word, words))
        || is_named_in_run(plain)
}

/// A service, and within four words something that looks like an account, or a name that is introduced as one.
fn is_named_after(at: usize, word: &str, words: &[&str]) -> bool {
    let clean = word.trim_end_matches([':', '：', '=']);
    let (service, rest) = clean.split_once([':', '：', '=']).unwrap_or((clean, ""));
    if !SERVICES.contains(&service) {
        return false;
    }
    let after: Vec<&str> = words.iter().skip(at + 1).take(4).copied().collect();
    if is_account(rest) || is_name(rest) || after.iter().any(|word| is_account(word)) {
        return true;
    }
    // "my insta handle is tidepool", "add me on telegram, tidepool"; "my instagram is full of cats" is none.
    let introduced = after.iter().take(2).any(|word| NAMING.contains(word));
    let near = |count: usize, wanted: &[&str]| {
        let before = words.iter().take(at).rev().take(count);
        before.into_iter().any(|word| wanted.contains(word))
    };
    let asked = near(4, &ASKING) && near(4, &["me", "mich", "moi", "мне", "меня"]) || near(4, &ASKING_ME);
    let mine = near(3, &MINE);
    let name = after
        .iter()
        .copied()
        .find(|word| !BETWEEN.contains(word) && !NAMING.contains(word));
    name.is_some_and(is_name) && (asked || (introduced && mine) || clean != word)
}

/// In a script without spaces: the service, a few signs, then a run of ASCII.
fn is_named_in_run(plain: &str) -> bool {
    let named = |service: &str, at: usize| {
        let after = plain.get(at + service.len()..).unwrap_or_default();
        let gap = after
            .chars()
            .take(GAP_MAX)
            .take_while(|letter| !letter.is_ascii_alphanumeric() && !matches!(letter, '。' | '！'));
        let gap: String = gap.collect();
        // "line" is a word in English; between signs of other scripts it is a service.
        if service.is_ascii() && gap.is_ascii() {
            return false;
        }
        let rest = after.get(gap.len()..).unwrap_or_default();
        let rest = rest.strip_prefix("id").unwrap_or(rest);
        let rest = rest.trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric() && letter != '。');
        let plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let account: String = rest.chars().take_while(plain).collect();
        account.len() >= NAME_MIN && !SERVICES.contains(&account.as_str())
    };
    RUN_SERVICES
        .iter()
        .any(|service| plain.match_indices(service).any(|(at, _)| named(service, at)))
}

/// Latin letters with digits or an underscore between them.
fn is_account(word: &str) -> bool {
    let ascii = word
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-' | '#' | '@' | '+'));
    let marked = word
        .chars()
        .any(|letter| letter.is_ascii_digit() || matches!(letter, '_' | '#' | '@'));
    // Digits alone are a number on a service that counts its users, or a date.
    let named = word.chars().any(|letter| letter.is_ascii_alphabetic())
        || word.len() > NAME_MIN && word.chars().all(|letter| letter.is_ascii_digit());
    word.len() >= NAME_MIN && ascii && marked && named
}

/// Latin letters alone.
fn is_name(word: &str) -> bool {
    word.len() >= NAME_MIN
        && word
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-'))
}

/// Letters of a name at least.
const NAME_MIN: usize = 4;
/// Signs between a service and a name at most.
const GAP_MAX: usize = 8;

/// What a name is called.
const NAMING: [&str; 13] = [
    "id",
    "handle",
    "username",
    "user",
    "name",
    "nick",
    "account",
    "tag",
    "usuario",
    "cuenta",
    "nombre",
    "nutzername",
    "ник",
];
/// What else stands before it.
const BETWEEN: [&str; 14] = [
    "is", "as", "under", "at", "by", "es", "como", "soy", "ist", "unter", "est", "sous", "как", "это",
];
/// Who says so, and "me", wants to be found.
const ASKING: [&str; 17] = [
    "add",
    "find",
    "message",
    "text",
    "dm",
    "follow",
    "write",
    "reach",
    "contact",
    "ping",
    "schreib",
    "folge",
    "ajoute",
    "écris",
    "добавь",
    "пиши",
    "hmu",
];
const ASKING_ME: [&str; 9] = [
    "agrégame",
    "agregame",
    "búscame",
    "buscame",
    "escríbeme",
    "escribeme",
    "sígueme",
    "sigueme",
    "hmu",
];
const MINE: [&str; 10] = [
    "my", "mi", "mein", "meine", "mon", "meu", "minha", "mio", "мой", "the",
];

/// Services where an account name follows.
const SERVICES: [&str; 37] = [
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
    "threads",
    "mastodon",
    "bluesky",
    "steam",
    "reddit",
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
    "инстаграм",
    "tg",
];
/// Services as they stand within a run.
const RUN_SERVICES: [&str; 30] = [
    "微信",
    "威信",
    "薇信",
    "加v",
    "➕v",
    "v信",
    "微博",
    "qq",
    "扣扣",
    "企鹅",
    "抖音",
    "小红书",
    "知乎",
    "b站",
    "line",
    "ライン",
    "らいん",
    "カカオ",
    "インスタ",
    "ディスコ",
    "ツイッター",
    "テレグラム",
    "スカイプ",
    "카톡",
    "카카오톡",
    "인스타",
    "텔레그램",
    "telegram",
    "discord",
    "instagram",
];
