//! Telephone numbers: in figures, with figures one by one, and spelt out.

/// Whether a text tells a number that somebody could call. `text` is NFKC and lower case.
pub(super) fn told(text: &str) -> bool {
    runs(text).any(|(before, run)| is_phone(&run) || is_asked_for(before, &run)) || is_spelt(text)
}

/// Runs of figures with only what people put between them, each with the text before it.
fn runs(text: &str) -> impl Iterator<Item = (&str, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut run = String::new();
    let mut begin = 0;
    for (at, letter) in text.char_indices().chain([(text.len(), '\n')]) {
        // An o between figures passes for a zero.
        let zero = letter == 'o' && run.ends_with(|letter: char| letter.is_ascii_digit());
        if letter.is_ascii_digit() || zero || matches!(letter, '+' | '-' | ' ' | '(' | ')' | '/' | '.') {
            if run.is_empty() {
                begin = at;
            }
            run.push(if zero { '0' } else { letter });
            continue;
        }
        found.push((begin, std::mem::take(&mut run)));
    }
    let trimmed = |run: &str| {
        run.trim_matches(|letter: char| " -/.".contains(letter))
            .to_owned()
    };
    let told = found.into_iter().filter(|(_, run)| !run.is_empty());
    told.map(move |(begin, run)| (text.get(..begin).unwrap_or_default(), trimmed(&run)))
}

/// Seven to fifteen digits; years, dates and money have fewer, or other signs.
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
        // A list of small numbers; whoever counts is no number either.
        _ if one_by_one => {
            let each: Vec<u32> = groups.iter().filter_map(|group| group.parse().ok()).collect();
            let single = groups.iter().filter(|group| group.len() == 1).count();
            (ONE_BY_ONE_MIN..=FIGURES_MAX).contains(&single) && single == groups.len() && !is_count(&each)
        }
        9..=12 => groups.len() <= 5 && (run.starts_with('0') || groups.len() >= 2 || digits >= 10),
        7..=8 => groups.len() == 2 && groups.iter().all(|group| group.len() >= 3) && run.contains('-'),
        _ => false,
    }
}

/// Fewer figures do when somebody asks to be called.
fn is_asked_for(before: &str, run: &str) -> bool {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    let near = before.trim_end_matches([' ', ':', '是', 'は', '，', ',']);
    let near = near
        .char_indices()
        .rev()
        .take(NEAR)
        .last()
        .map_or(0, |(at, _)| at);
    let near = before.get(near..).unwrap_or_default();
    (6..=FIGURES_MAX).contains(&digits) && CALLS.iter().any(|call| near.contains(call))
}

/// Seven or more names of figures one after the other, with figures among them.
fn is_spelt(text: &str) -> bool {
    let mut told: Vec<u32> = Vec::new();
    let mut names = 0;
    let mut rest = text;
    let mut fresh = true;
    while let Some(letter) = rest.chars().next() {
        if let Some((figure, length, named)) = figure(rest, fresh) {
            told.push(figure);
            names += usize::from(named);
            rest = rest.get(length..).unwrap_or_default();
            fresh = true;
            continue;
        }
        let skipped = if fresh {
            TWICE.iter().find(|word| rest.starts_with(**word))
        } else {
            None
        };
        let length = skipped.map_or(letter.len_utf8(), |word| word.len());
        let between =
            skipped.is_some() || matches!(letter, ' ' | ',' | '-' | '.' | '/' | '、' | '，' | '・' | '~');
        if !between {
            if is_number(&told, names) {
                return true;
            }
            told.clear();
            names = 0;
        }
        fresh = skipped.is_some() || !letter.is_alphanumeric() || !is_spaced(letter);
        rest = rest.get(length..).unwrap_or_default();
    }
    is_number(&told, names)
}

fn is_number(told: &[u32], names: usize) -> bool {
    (SPELT_MIN..=FIGURES_MAX).contains(&told.len()) && names >= 3 && !is_count(told)
}

/// One, two, three and so on, up or down, or the same again and again.
fn is_count(told: &[u32]) -> bool {
    let steps = told
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.abs_diff(*b) <= 1))
        .count();
    steps * 3 >= told.len().saturating_sub(1) * 2
}

/// The figure at the start of a text, its length in bytes, and whether it is a name. A name of a script with spaces is a whole word.
fn figure(text: &str, fresh: bool) -> Option<(u32, usize, bool)> {
    let letter = text.chars().next()?;
    if let Some(figure) = letter.to_digit(10) {
        return Some((figure, letter.len_utf8(), false));
    }
    let whole = |name: &str| {
        let after = text.get(name.len()..).and_then(|after| after.chars().next());
        !is_spaced(letter) || fresh && !after.is_some_and(char::is_alphabetic)
    };
    let named = NAMES.iter().enumerate().flat_map(|(figure, names)| {
        let names = names
            .split(' ')
            .filter(|name| text.starts_with(name) && whole(name));
        names.map(move |name| (u32::try_from(figure).unwrap_or_default(), name.len(), true))
    });
    named.max_by_key(|(_, length, _)| *length)
}

/// Whether a letter's script puts spaces between words.
const fn is_spaced(letter: char) -> bool {
    letter < '\u{2e80}'
}

/// Names of figures at least.
const SPELT_MIN: usize = 7;
/// Figures one by one at least.
const ONE_BY_ONE_MIN: usize = 9;
/// More figures are no telephone number.
const FIGURES_MAX: usize = 15;
/// So many letters before a number say what it is for.
const NEAR: usize = 18;

/// Names of 0 to 9 in the twelve languages.
const NAMES: [&str; 10] = [
    "zero oh null nul zéro cero ноль нуль sıfır 零 〇 ゼロ まる れい 공 영 शून्य",
    "one uno una eins ein un um uno один bir 一 幺 壱 いち イチ 일 하나 एक",
    "two dos deux zwei zwo dois due два iki 二 两 に ニ 이 둘 दो",
    "three tres trois drei três tre три üç 三 さん サン 삼 셋 तीन",
    "four cuatro quatre vier quatro quattro четыре dört 四 よん ヨン 사 넷 चार",
    "five cinco cinq fünf cinque пять beş 五 ご ゴ 오 다섯 पाँच पांच",
    "six seis sechs sei шесть altı 六 ろく ロク 육 여섯 छह छः",
    "seven siete sept sieben sete sette семь yedi 七 なな ナナ 칠 일곱 सात",
    "eight ocho huit acht oito otto восемь sekiz 八 はち ハチ 팔 여덟 आठ",
    "nine nueve neuf neun nove девять dokuz 九 きゅう キュウ 구 아홉 नौ",
];
/// What is said before a figure that comes twice.
const TWICE: [&str; 6] = ["double ", "triple ", "doble ", "doppel ", "zweimal ", "дважды "];
/// What is said before a number that is meant to be called.
const CALLS: [&str; 44] = [
    "call me",
    "text me",
    "phone",
    "my number",
    "tel ",
    "tel:",
    "tel.",
    "mobile",
    "my cell",
    "ring me",
    "whatsapp",
    "sms",
    "电话",
    "手机",
    "號碼",
    "号码",
    "打给我",
    "联系方式",
    "電話",
    "携帯",
    "ケータイ",
    "番号",
    "llámame",
    "llamame",
    "mi número",
    "mi numero",
    "teléfono",
    "móvil",
    "celular",
    "mein handy",
    "ruf mich",
    "meine nummer",
    "mon numéro",
    "appelle-moi",
    "téléphone",
    "meu número",
    "me liga",
    "il mio numero",
    "chiamami",
    "мой номер",
    "звони",
    "전화",
    "번호",
    "numaram",
];

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn numbers_are_found_in_figures_and_in_words() {
        for text in [
            "0 7 7 0 0 9 0 0 4 6 1",
            "o77oo 9oo461",
            "call me on 555 0142 after six",
            "my number is 5550142",
            "zero seven seven double zero nine zero zero four six one",
            "seis uno dos, cero cero, cuatro nueve, siete",
            "zero sechs neun, acht acht, drei eins",
            "電話は 5550142 まで",
            "ゼロ九ゼロ、四四六一、二八",
            "ぜろきゅうぜろ 090 いちにさん",
            "手机一三八零零四六一七二九",
            "幺三八零零四六幺七",
            "공일공 사육일칠 이구",
            "five5five zero one42",
        ] {
            let text: String = text.replace("ぜろ", "ゼロ");
            assert!(told(&text), "{text}");
        }
    }

    #[test]
    fn counting_and_quantities_are_no_numbers() {
        for text in [
            "one two three four five six seven eight",
            "一二三四五六七八九",
            "ten nine eight seven six five four",
            "いちにさんよんごろくなな",
            "二〇二六年十一月二十二日",
            "one of the two or three of us",
            "1 2 3 4 5 6 7 8 9",
            "I scored 7 9 8 6 points in four games",
            "a phone from 1995",
            "my number one song",
            "三人で七つの海を",
        ] {
            assert!(!told(text), "{text}");
        }
    }
}
