//! Kind words for and about somebody who may not want to live.
//!
//! A help line is named only with the page that says so and the month in which that was read. Where none is known, the words stand
//! alone: a wrong number is worse than none.

/// A place to turn to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct HelpLine {
    /// ISO 3166 code of the country it serves.
    country: &'static str,
    /// What it is called there, and how it is reached.
    name: &'static str,
    /// Where this was read.
    source: &'static str,
    /// Year and month in which it was read.
    read: &'static str,
}

/// Words to the one who wrote it, and under them the help lines that are known.
#[must_use]
pub fn words_to_writer(language: &str) -> String {
    with_help_lines(to_writer(language), language)
}

/// Words to a stranger who reads it, and under them the help lines that are known.
#[must_use]
pub fn words_to_reader(language: &str) -> String {
    with_help_lines(to_reader(language), language)
}

fn with_help_lines(words: &str, language: &str) -> String {
    let lines =
        help_lines(language).map(|line| format!("\n  {} ({}, {})", line.name, line.source, line.read));
    format!("{words}{}", lines.collect::<String>())
}

fn to_writer(language: &str) -> &'static str {
    match language {
        "zh" => {
            "你写的这些，听起来很沉重。谢谢你把它说出来。你不必一个人扛着：如果可以，今天就告诉一个你信任的人。这只瓶子仍然可以漂出去。"
        }
        "es" => {
            "Lo que escribes suena muy pesado. Gracias por decirlo. No tienes que cargarlo a solas: si puedes, cuéntaselo hoy a alguien de confianza. La botella puede salir igual."
        }
        "ja" => {
            "とてもつらい気持ちが伝わってきました。書いてくれてありがとう。ひとりで抱えなくて大丈夫です。できれば今日、信頼できる人に話してみてください。このボトルはそのまま流せます。"
        }
        _ => {
            "What you wrote sounds very heavy. Thank you for saying it. You do not have to carry it alone: if you can, tell somebody you trust, today. The bottle may go out all the same."
        }
    }
}

fn to_reader(language: &str) -> &'static str {
    match language {
        "zh" => {
            "写下这些的人也许正过得很难。你不必解决什么；一句温柔的话就够了。如果它让你也难受，先照顾好自己。"
        }
        "es" => {
            "Quien escribió esto quizá lo está pasando muy mal. No tienes que resolver nada; basta una palabra amable. Y si te pesa a ti también, cuídate primero."
        }
        "ja" => {
            "これを書いた人は、とても苦しいのかもしれません。解決しなくていいのです。やさしいひとことで十分です。あなたもつらくなったら、まず自分を大切にしてください。"
        }
        _ => {
            "Whoever wrote this may be having a very hard time. You do not have to solve anything; one kind word is enough. And if it weighs on you too, look after yourself first."
        }
    }
}

/// Help lines whose page was read, for speakers of a language; the reader's country is not known and never asked.
fn help_lines(language: &str) -> impl Iterator<Item = &'static HelpLine> {
    let countries: &[&str] = match language {
        "en" => &["US"],
        "zh" => &["CN"],
        "es" => &["ES", "US"],
        "ja" => &["JP"],
        _ => &[],
    };
    HELP_LINES
        .iter()
        .filter(move |line| countries.contains(&line.country))
}

const HELP_LINES: [HelpLine; 4] = [
    HelpLine {
        country: "US",
        name: "988 Suicide & Crisis Lifeline (USA): call or text 988 (press 2 for Spanish)",
        source: "https://988lifeline.org; https://health.wyo.gov/publichealth/prevention/wivpp/suicide-prevention/988-suicide-crisis-lifeline",
        read: "2026-11",
    },
    HelpLine {
        country: "CN",
        name: "全国统一心理援助热线（中国大陆）：12356",
        source: "http://gs.people.com.cn/BIG5/n2/2024/1227/c183356-41089989.html",
        read: "2026-11",
    },
    HelpLine {
        country: "ES",
        name: "Línea 024 de atención a la conducta suicida (España): 024",
        source: "https://www.rtve.es/noticias/20220509/sanidad-presenta-telefono-prevencion-suicidio/2347183.shtml",
        read: "2026-11",
    },
    HelpLine {
        country: "JP",
        name: "よりそいホットライン（日本）：0120-279-338",
        source: "https://www.mhlw.go.jp/mamorouyokokoro/",
        read: "2026-11",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_help_line_has_a_source_and_a_date() {
        for line in &HELP_LINES {
            assert!(
                line.source.starts_with("http") && line.read.len() == 7,
                "{line:?}"
            );
        }
        assert_eq!(help_lines("fi").count(), 0);
        assert_eq!(help_lines("ja").count(), 1);
    }

    #[test]
    fn words_are_kind_in_the_languages_of_the_program() {
        let words: std::collections::BTreeSet<_> = ["en", "zh", "es", "ja"]
            .map(|language| (to_writer(language), to_reader(language)))
            .into();
        assert_eq!(words.len(), 4);
        assert_eq!(to_writer("de"), to_writer("en"));
    }
}
