//! The keys of an identity: made, shown, copied, brought back, and given another passphrase.
//!
//! The 24 words are printed by `new` once and by `show --words` on request, always on standard output and never in a log.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use console::Style;
use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::words::Words;
use meteorite_node::data_dir::DataDir;
use meteorite_node::keys;
use meteorite_protocol::control::ProblemKind;
use serde::Serialize;

use crate::args::{KeysCommand, NewPassphrase};
use crate::failure::{DONE, Ending, Failure};
use crate::input;
use crate::output::words;
use crate::passphrase::{self, Otherwise, Secret};
use crate::session::Context;

/// What the commands of this file answer, told apart from a node's replies by its name.
#[derive(Debug, Serialize)]
#[serde(tag = "reply", content = "value", rename_all = "kebab-case")]
enum Answer<'a> {
    Keys(Shown<'a>),
}

/// What there is to say about keys.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    /// What was done.
    done: &'static str,
    /// Where the sealed keys are.
    key_file: PathBuf,
    /// Unix milliseconds at which this device was set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_ms: Option<u64>,
    /// The public key under which one speaks on the radio, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    persona: Option<String>,
    /// Does the file need a passphrase?
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<bool>,
    /// The 24 words, only where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'a str>,
    /// What the words bring back.
    words_bring_back: &'static [&'static str],
    /// What they do not.
    words_do_not_bring_back: &'static [&'static str],
}

/// `meteorite keys …`
pub(super) fn run(context: &Context, command: KeysCommand) -> Ending {
    let home = context.home()?;
    match command {
        KeysCommand::New { passphrase } => new(context, &home, &passphrase),
        KeysCommand::Show { words } => show(context, &home, words),
        KeysCommand::Export { file } => {
            if !keys::exists(&home) {
                return Err(Failure::no_keys(&home.key_file()));
            }
            keys::export(&home, &file)?;
            said(
                context,
                "exported",
                &file,
                "The sealed key file is copied to",
                "It opens with the same passphrase.",
            )
        }
        KeysCommand::Import { file } => {
            no_overwriting(&home)?;
            let secret = passphrase::of_export(&context.globals, &file)?;
            keys::import(&home, &file, &secret)?;
            said(
                context,
                "imported",
                &home.key_file(),
                "The keys are now at",
                "Use them on one device at a time.",
            )
        }
        KeysCommand::Recover {
            words_stdin,
            passphrase,
        } => recover(context, &home, words_stdin, &passphrase),
        KeysCommand::Passphrase { passphrase } => {
            let (_, old) = passphrase::open_keys(&context.globals, &home)?;
            let new = passphrase::new(&context.globals, &passphrase, Otherwise::Ask)?;
            keys::set_passphrase(&home, &old, &new)?;
            said(
                context,
                "passphrase-changed",
                &home.key_file(),
                "The passphrase is changed:",
                passphrase_words(&new),
            )
        }
    }
}

fn new(context: &Context, home: &DataDir, options: &NewPassphrase) -> Ending {
    no_overwriting(home)?;
    let secret = passphrase::new(&context.globals, options, Otherwise::Current)?;
    let words = Words::generate(&mut rand::rng());
    keys::create(home, &words, &secret, words::now_ms())?;
    let shown = Shown {
        words: Some(words.expose()),
        passphrase: Some(!secret.is_empty()),
        ..plain("made", home)
    };
    context.output.either(&Answer::Keys(shown), || {
        format!(
            "Your identity is made. These 24 words are shown once; write them down on paper, in this order:\n\n{}\n\n{}\n\n\
             Whoever has these words is you. Nobody can give them back to you.\nKey file: {} ({})",
            word_table(&words),
            restores(),
            home.key_file().display(),
            passphrase_words(&secret)
        )
    })?;
    Ok(DONE)
}

fn show(context: &Context, home: &DataDir, with_words: bool) -> Ending {
    let (keys, secret) = passphrase::open_keys(&context.globals, home)?;
    let words = with_words.then(|| Words::from_root(&keys.root));
    let shown = Shown {
        created_ms: Some(keys.created_at_ms),
        persona: Some(persona(&keys)),
        passphrase: Some(!secret.is_empty()),
        words: words.as_ref().map(Words::expose),
        ..plain("shown", home)
    };
    context.output.either(&Answer::Keys(shown), || {
        let mut lines = vec![
            format!(
                "Key file:  {} ({})",
                home.key_file().display(),
                passphrase_words(&secret)
            ),
            format!("Made:      {}", words::moment(keys.created_at_ms)),
            format!("Persona:   {}", persona(&keys)),
        ];
        if let Some(words) = &words {
            lines.push(format!("\n{}", word_table(words)));
        }
        lines.push(format!("\n{}", restores()));
        lines.join("\n")
    })?;
    Ok(DONE)
}

fn recover(context: &Context, home: &DataDir, from_stdin: bool, options: &NewPassphrase) -> Ending {
    no_overwriting(home)?;
    if !from_stdin && io::stdin().is_terminal() {
        context
            .output
            .note("Type your 24 words; an empty line with Ctrl-D ends them.")?;
    }
    let typed = Secret::new(input::stdin_text()?);
    let words = Words::parse(&typed).map_err(|error| {
        Failure::new(
            ProblemKind::Input,
            format!("These are not 24 words of an identity: {error}."),
            "Nothing was made or changed.",
            "Compare with your paper, then try again.",
        )
    })?;
    let secret = passphrase::new(&context.globals, options, Otherwise::Current)?;
    keys::create(home, &words, &secret, words::now_ms())?;
    let shown = Shown {
        passphrase: Some(!secret.is_empty()),
        ..plain("recovered", home)
    };
    context.output.either(&Answer::Keys(shown), || {
        format!(
            "Your identity is back at {} ({}).\n\n{}",
            home.key_file().display(),
            passphrase_words(&secret),
            restores()
        )
    })?;
    Ok(DONE)
}

/// Before any question is asked: an identity is never written over another one.
fn no_overwriting(home: &DataDir) -> Result<(), Failure> {
    if !keys::exists(home) {
        return Ok(());
    }
    Err(Failure::new(
        ProblemKind::Refused,
        format!("There are keys already: {}.", home.key_file().display()),
        "They were not touched.",
        "Choose another folder with --home, or move that file away; without its words an identity cannot be made again.",
    ))
}

fn said(context: &Context, done: &'static str, file: &Path, what: &str, more: &str) -> Ending {
    let value = serde_json::json!({"reply": "keys", "value": {"done": done, "key_file": file}});
    context
        .output
        .either(&value, || format!("{what} {}. {more}", file.display()))?;
    Ok(DONE)
}

fn plain(done: &'static str, home: &DataDir) -> Shown<'static> {
    Shown {
        done,
        key_file: home.key_file(),
        created_ms: None,
        persona: None,
        passphrase: None,
        words: None,
        words_bring_back: keys::WORDS_BRING_BACK,
        words_do_not_bring_back: keys::WORDS_DO_NOT_BRING_BACK,
    }
}

fn persona(keys: &KeyFile) -> String {
    keys.root
        .persona()
        .public()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn passphrase_words(secret: &Secret) -> &'static str {
    if secret.is_empty() {
        "no passphrase: whoever can read the file has the identity"
    } else {
        "opens with your passphrase"
    }
}

/// Four columns of six, numbered downwards as one writes.
fn word_table(words: &Words) -> String {
    let numbered: Vec<String> = (1..)
        .zip(words.expose().split(' '))
        .map(|(at, word)| format!("{at:>2}. {word:<8}"))
        .collect();
    let bold = Style::new().bold();
    let rows = (0..ROWS).map(|row| {
        let cells = numbered.iter().skip(row).step_by(ROWS).map(String::as_str);
        format!(
            "  {}",
            bold.apply_to(cells.collect::<Vec<_>>().join("   ").trim_end())
        )
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn restores() -> String {
    let list = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| format!("  - {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    format!(
        "The words bring back:\n{}\nThey do not bring back:\n{}",
        list(keys::WORDS_BRING_BACK),
        list(keys::WORDS_DO_NOT_BRING_BACK)
    )
}

/// Rows of the table of 24 words.
const ROWS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_stand_in_four_numbered_columns() {
        let words = Words::from_root(&meteorite_crypto::root::Root::from_bytes(&[0; 32]));
        let table = console::strip_ansi_codes(&word_table(&words)).into_owned();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), ROWS);
        assert_eq!(
            lines[0],
            "   1. abandon     7. abandon    13. abandon    19. abandon"
        );
        assert!(lines[5].ends_with("24. art"), "{table}");
    }
}
