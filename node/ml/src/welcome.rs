//! Welcome bottles: messages written for the project, for a sea in which nobody has thrown anything yet.
//!
//! They are texts and nothing else: never gossiped, never claimed, without places, and nothing is learned from them. Whoever shows one
//! marks it and says that nobody will answer it.

/// Welcome bottles of each language.
pub const EACH: usize = 24;

/// Languages that have them.
pub const LANGUAGES: [&str; 4] = ["en", "zh", "es", "ja"];

/// The welcome bottles of a language, in English where there are none in it.
#[must_use]
pub fn bottles(language: &str) -> Vec<&'static str> {
    let text = match language {
        "zh" => include_str!("../../../assets/welcome/zh.txt"),
        "es" => include_str!("../../../assets/welcome/es.txt"),
        "ja" => include_str!("../../../assets/welcome/ja.txt"),
        _ => include_str!("../../../assets/welcome/en.txt"),
    };
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_own() {
        for language in LANGUAGES {
            let mut texts = bottles(language);
            assert_eq!(texts.len(), EACH, "{language}");
            texts.sort_unstable();
            texts.dedup();
            assert_eq!(texts.len(), EACH, "{language}");
            assert!(texts.iter().all(|text| (8..=280).contains(&text.chars().count())));
        }
        assert_eq!(bottles("fi"), bottles("en"));
    }
}
