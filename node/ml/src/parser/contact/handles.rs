//! Names on other services: who says "my discord is ..." wants to be found there.

/// Whether the text names an account. `plain` is lower case; `words` are its words and its runs of ASCII.
pub(super) fn named(plain: &str, words: &[&str]) -> bool {
    let after_service = |(at, word): (usize, &&str)| is_named_after(at, word, words);
    words.iter().enumerate().any(after_service)
        || words.iter().any(|word| is_tag(word) || is_numbered_service(word))
        || is_identified(words)
        || is_asked_for(words)
        || is_listed(plain)
        || is_at_provider(plain, words)
        || is_named_in_run(plain)
        || is_group(plain)
}

/// `name#0000`: a name with four digits is one on Discord.
fn is_tag(word: &str) -> bool {
    word.split_once('#').is_some_and(|(name, number)| {
        name.chars().filter(char::is_ascii_alphabetic).count() >= 2
            && number.len() == 4
            && number.chars().all(|letter| letter.is_ascii_digit())
    })
}

/// `qq12345678`, `vx_tidepool`: the service and the account in one word.
fn is_numbered_service(word: &str) -> bool {
    let glued = |service: &str| {
        let rest = word.strip_prefix(service)?;
        let digits = rest.chars().all(|letter| letter.is_ascii_digit()) && rest.len() >= 5;
        Some(digits || rest.starts_with(['_', ':', '-']) && is_name(rest.trim_start_matches(['_', ':', '-'])))
    };
    GLUED.iter().any(|service| glued(service) == Some(true))
}

/// `id: tide_22`, `@ tide_22`: something that looks like an account and is called one.
fn is_identified(words: &[&str]) -> bool {
    let called = |word: &str| {
        let clean = word.trim_end_matches([':', '：', '=', 'は']);
        clean == "@" || CALLED.contains(&clean)
    };
    let account = |word: &str| {
        is_account(word) && word.chars().any(|letter| letter.is_ascii_alphabetic()) && !word.contains('.')
    };
    let glued = |word: &str| {
        let cut = word.split_once([':', '：', '=']);
        cut.is_some_and(|(name, rest)| CALLED.contains(&name) && account(rest))
    };
    let next = |at: usize| {
        let mut after = words.iter().skip(at + 1).take(3);
        after.any(|word| account(word))
    };
    words
        .iter()
        .enumerate()
        .any(|(at, word)| glued(word) || called(word) && next(at))
}

/// `tide.pool at gmail`: a mail address whose ending goes without saying.
fn is_at_provider(plain: &str, words: &[&str]) -> bool {
    let mailed = || MAILS.iter().any(|mail| plain.contains(mail));
    let whole = |three: &[&str]| {
        let [name, at, provider] = three else { return false };
        let host = provider.split('.').next().unwrap_or_default();
        PROVIDERS.contains(&host) && ATS.contains(at) && (is_account(name) || mailed())
    };
    let glued = |word: &&str| {
        let cut = word.split_once('@');
        cut.is_some_and(|(name, provider)| name.len() >= 3 && PROVIDERS.contains(&provider))
    };
    words.windows(3).any(whole) || words.iter().any(glued)
}

/// A group with its number: `群号 123456789`, `group code 4821 9930`.
fn is_group(plain: &str) -> bool {
    let numbered = |at: usize, name: &str| {
        let after = plain.get(at + name.len()..).unwrap_or_default();
        let near: String = after.chars().take(GROUP_NEAR).collect();
        let begin = near.find(|letter: char| letter.is_ascii_digit());
        let rest = begin.and_then(|begin| near.get(begin..)).unwrap_or_default();
        let run = rest
            .chars()
            .take_while(|letter| letter.is_ascii_digit() || matches!(letter, ' ' | '-'));
        run.filter(char::is_ascii_digit).count() >= GROUP_DIGITS_MIN
    };
    GROUPS
        .iter()
        .any(|name| plain.match_indices(name).any(|(at, _)| numbered(at, name)))
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
        || RUN_CALLED.iter().any(|name| {
            plain
                .match_indices(name)
                .any(|(at, _)| is_called_in_run(plain, at + name.len()))
        })
}

/// Behind a word for "account", a few signs of another script, then something that looks like one.
fn is_called_in_run(plain: &str, at: usize) -> bool {
    let after = plain.get(at..).unwrap_or_default();
    let signs = |letter: &char| !letter.is_ascii_alphanumeric() && !matches!(letter, '。' | '！' | '\n');
    let gap: String = after.chars().take(GAP_MAX).take_while(signs).collect();
    let rest = after.get(gap.len()..).unwrap_or_default();
    let account: String = rest
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
        .collect();
    // "id" alone ends many words.
    let apart = !gap.is_empty() || plain.get(..at).is_some_and(|before| !before.ends_with("id"));
    apart && is_account(&account) && account.chars().any(|letter| letter.is_ascii_alphabetic())
}

/// "telegram: tidepool", and nothing more in that clause; `signal: weak` and `line: empty` are none.
fn is_listed(plain: &str) -> bool {
    plain
        .char_indices()
        .filter(|(_, letter)| matches!(letter, ':' | '=' | '→' | '-' | '>'))
        .any(|(at, sign)| {
            let before = plain
                .get(..at)
                .unwrap_or_default()
                .trim_end_matches([' ', '-', '=', ':']);
            let service = before
                .rsplit(|letter: char| !letter.is_alphanumeric())
                .next()
                .unwrap_or_default();
            let after = plain.get(at + sign.len_utf8()..).unwrap_or_default();
            let after = after.trim_start_matches([' ', '>', '-', '@']);
            let name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
            let account = after.split(|letter| !name(letter)).next().unwrap_or_default();
            let rest = after
                .get(account.len()..)
                .unwrap_or_default()
                .trim_start_matches(' ');
            let ends = rest.chars().next().is_none_or(|letter| !letter.is_alphanumeric());
            let known = SERVICES.contains(&service) && !COMMON.contains(&service);
            known && is_name(account.trim_end_matches('.')) && (ends || account.ends_with('.'))
        })
}

/// "add me, tide_22": who asks to be found, and an account.
fn is_asked_for(words: &[&str]) -> bool {
    let asks = |at: usize, word: &str| {
        let me = words.get(at + 1).is_some_and(|next| ME.contains(next));
        ASKING_ME.contains(&word) || ASKING.contains(&word) && me
    };
    let marked = |word: &str| {
        is_account(word) && !word.contains('.') && word.chars().filter(char::is_ascii_alphabetic).count() >= 3
    };
    words.iter().enumerate().any(|(at, word)| {
        let mut after = words.iter().skip(at + 1).take(ASKED_NEAR);
        asks(at, word) && after.any(|word| marked(word))
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

/// Who is asked for.
const ME: [&str; 9] = ["me", "mich", "mir", "moi", "мне", "меня", "us", "me:", "mi"];
/// Words between the asking and the account at most.
const ASKED_NEAR: usize = 6;
/// What an account is called where words have no edges.
const RUN_CALLED: [&str; 14] = [
    "id",
    "アカウント",
    "アカ名",
    "ユーザー名",
    "ハンドル",
    "账号",
    "帐号",
    "賬號",
    "昵称",
    "用户名",
    "搜索",
    "搜",
    "检索",
    "아이디",
];
/// Services whose name is a word of its own.
const COMMON: [&str; 13] = [
    "signal",
    "line",
    "wire",
    "element",
    "threads",
    "steam",
    "matrix",
    "snap",
    "messenger",
    "youtube",
    "twitch",
    "reddit",
    "kik",
];
/// Services that stand glued to an account.
const GLUED: [&str; 14] = [
    "qq", "q", "vx", "wx", "v", "wechat", "line", "ig", "tg", "snap", "kik", "kakao", "fb", "insta",
];
/// What an account is called, without a service.
const CALLED: [&str; 24] = [
    "id",
    "userid",
    "username",
    "user",
    "handle",
    "nick",
    "nickname",
    "gamertag",
    "usuario",
    "ник",
    "никнейм",
    "アカウント",
    "アカ",
    "ユーザー名",
    "账号",
    "帐号",
    "賬號",
    "昵称",
    "아이디",
    "pseudo",
    "benutzername",
    "kullanıcı",
    "psn",
    "xbox",
];
/// Who carries mail, without the ending.
const PROVIDERS: [&str; 20] = [
    "gmail",
    "googlemail",
    "hotmail",
    "outlook",
    "yahoo",
    "icloud",
    "proton",
    "protonmail",
    "gmx",
    "yandex",
    "naver",
    "daum",
    "qq",
    "163",
    "126",
    "mailru",
    "tutanota",
    "live",
    "aol",
    "docomo",
];
const ATS: [&str; 9] = [
    "at",
    "@",
    "arroba",
    "собака",
    "(at)",
    "[at]",
    "chez",
    "艾特",
    "アット",
];
/// Who speaks of mail.
const MAILS: [&str; 18] = [
    "mail",
    "correo",
    "メール",
    "邮箱",
    "邮件",
    "電郵",
    "почт",
    "мейл",
    "메일",
    "write to me",
    "write me",
    "reach me",
    "drop me a line",
    "escríbeme",
    "escribeme",
    "email",
    "courriel",
    "posta",
];
/// What a group with a number is called.
const GROUPS: [&str; 16] = [
    "群号",
    "群號",
    "q群",
    "qq群",
    "加群",
    "进群",
    "企鹅群",
    "扣群",
    "群组",
    "group code",
    "group id",
    "server code",
    "invite code",
    "friend code",
    "フレンドコード",
    "グループid",
];
/// Signs between a group and its number at most, with the number.
const GROUP_NEAR: usize = 24;
const GROUP_DIGITS_MIN: usize = 6;
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
const SERVICES: [&str; 80] = [
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
    "vk",
    "вк",
    "вконтакте",
    "тг",
    "телеграмм",
    "телеге",
    "вотсап",
    "ватсап",
    "вайбер",
    "viber",
    "zalo",
    "kakao",
    "kakaotalk",
    "카카오",
    "텔레그램",
    "디스코드",
    "라인",
    "linkedin",
    "twitch",
    "youtube",
    "tumblr",
    "pinterest",
    "xbox",
    "psn",
    "matrix",
    "threema",
    "wire",
    "element",
    "messenger",
    "gmail",
    "hotmail",
    "vx",
    "wx",
    "v信",
    "薇信",
    "威信",
    "抖音",
    "抖音号",
    "小红书",
    "快手",
    "b站",
    "推特",
    "扣扣",
];
/// Services as they stand within a run.
const RUN_SERVICES: [&str; 71] = [
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
    "徽信",
    "微x",
    "薇芯",
    "威芯",
    "维信",
    "绿泡泡",
    "vx",
    "wx",
    "v我",
    "加我v",
    "➕我v",
    "扣:",
    "加q",
    "球球",
    "秋秋",
    "q号",
    "陌陌",
    "探探",
    "快手",
    "推特",
    "电报",
    "飞机号",
    "纸飞机",
    "脸书",
    "ins",
    "tg",
    "twitter",
    "x(旧",
    "カカオトーク",
    "カカトー",
    "ディスコード",
    "ティックトック",
    "インスタグラム",
    "スナチャ",
    "シグナル",
    "フェイスブック",
    "旧ツイ",
    "라인",
    "디스코드",
    "텔레",
    "スチーム",
];
