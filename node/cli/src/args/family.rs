//! The commands that have commands of their own, and those with many options.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

/// `meteorite keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a new identity and show its 24 words once
    New {
        #[command(flatten)]
        passphrase: NewPassphrase,
    },
    /// Show where the keys are and what they restore; the words themselves only with --words
    Show {
        /// Show the 24 words again
        #[arg(long)]
        words: bool,
    },
    /// Copy the sealed key file to another place, as it is
    Export {
        /// The file to write; it must not exist
        file: PathBuf,
    },
    /// Take over an exported key file
    Import {
        /// The file to read
        file: PathBuf,
    },
    /// Bring an identity back from its 24 words
    Recover {
        /// Read the words from standard input
        #[arg(long)]
        words_stdin: bool,
        #[command(flatten)]
        passphrase: NewPassphrase,
    },
    /// Give the key file another passphrase
    Passphrase {
        #[command(flatten)]
        passphrase: NewPassphrase,
    },
}

/// Where a passphrase that does not exist yet comes from.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct NewPassphrase {
    /// File whose first line is the new passphrase (or set METEORITE_NEW_PASSPHRASE)
    #[arg(long, value_name = "FILE", conflicts_with = "no_passphrase")]
    pub(crate) new_passphrase_file: Option<PathBuf>,

    /// No passphrase: whoever can read the file has the identity
    #[arg(long)]
    pub(crate) no_passphrase: bool,
}

/// `meteorite node …`
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Run a node until Ctrl-C, telling what happens
    Run(RunArgs),
}

/// `meteorite node run`
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Address to listen on, or a port for all interfaces; may be repeated
    #[arg(long, value_name = "ADDR|PORT")]
    pub(crate) listen: Vec<String>,

    /// Bootstrap server to meet first, a multiaddress that ends in a peer id; may be repeated
    #[arg(long, value_name = "ADDR")]
    pub(crate) bootstrap: Vec<String>,

    /// Do not look for nodes on the local network
    #[arg(long)]
    pub(crate) no_mdns: bool,

    /// Do not hold letters for others
    #[arg(long)]
    pub(crate) no_volunteer: bool,
}

/// `meteorite throw`
#[derive(Debug, Args)]
pub(crate) struct ThrowArgs {
    /// What it says; `-` or nothing reads standard input
    pub(crate) text: Option<String>,

    /// Read the text from a file
    #[arg(long, short, value_name = "FILE", conflicts_with = "text")]
    pub(crate) file: Option<PathBuf>,

    /// A name to sign with, for this bottle only
    #[arg(long, value_name = "NAME")]
    pub(crate) nick: Option<String>,

    /// A word that says what it is about; may be repeated
    #[arg(long = "tag", value_name = "WORD")]
    pub(crate) tags: Vec<String>,

    /// How many strangers may catch it
    #[arg(long, value_parser = value_parser!(u8).range(1..=8))]
    pub(crate) slots: Option<u8>,

    /// How many days it drifts
    #[arg(long, value_parser = value_parser!(u8).range(1..=30))]
    pub(crate) days: Option<u8>,

    /// Its language, such as `en` or `zh`, where you know better than the program
    #[arg(long, value_name = "TAG")]
    pub(crate) lang: Option<String>,
    /// Throw it as it is, even if the program asks for a second thought
    #[arg(long)]
    pub(crate) sure: bool,
}

/// `meteorite sky`
#[derive(Debug, Args)]
pub(crate) struct SkyArgs {
    /// Only this language; may be repeated
    #[arg(long = "lang", value_name = "TAG")]
    pub(crate) langs: Vec<String>,

    /// Only bottles whose strongest mood is this one; may be repeated
    #[arg(long = "mood", value_name = "MOOD", value_parser = meteorite_protocol::mood::MOODS)]
    pub(crate) moods: Vec<String>,

    /// Also what you threw, opened, let go or hid
    #[arg(long)]
    pub(crate) all: bool,

    /// How many at most
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub(crate) limit: Option<u16>,

    /// Go on where the page before ended
    #[arg(long, value_name = "CURSOR")]
    pub(crate) page: Option<String>,

    /// Stay and tell of each stone as it falls, until Ctrl-C
    #[arg(long, conflicts_with_all = ["page", "limit"])]
    pub(crate) watch: bool,
}

/// `meteorite thread …`
#[derive(Debug, Subcommand)]
pub(crate) enum ThreadCommand {
    /// Keep writing
    Keep {
        /// Which thread
        thread: String,
    },
    /// Let it drift; the other side learns only that it drifted on
    Drift {
        /// Which thread
        thread: String,
    },
}

/// `meteorite block …`
#[derive(Debug, Subcommand)]
pub(crate) enum BlockTarget {
    /// One bottle, and re-posts of its text
    Bottle {
        /// Which bottle
        bottle: String,
    },
    /// One thread of letters
    Thread {
        /// Which thread
        thread: String,
    },
}

/// `meteorite demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many ships
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = value_parser!(u8).range(2..=16))]
    pub(crate) nodes: u8,

    /// File with one message a line, `-` for standard input, instead of the lines that come with the program
    #[arg(long, value_name = "FILE|-")]
    pub(crate) lines: Option<PathBuf>,

    /// End when a stranger has caught and read every line, with a summary
    #[arg(long)]
    pub(crate) once: bool,

    /// Seconds after which --once gives up (and ends with 1)
    #[arg(long, value_name = "SECS", default_value_t = 120, value_parser = value_parser!(u64).range(5..=3600))]
    pub(crate) deadline: u64,
}

/// `forge`
#[derive(Debug, Args)]
pub(crate) struct ForgeArgs {
    /// 64 hexadecimal digits, or the 32 of a bottle's nonce
    #[arg(long, value_name = "HEX")]
    pub(crate) seed: String,

    /// Eight numbers from 0 to 255: joy, trust, fear, surprise, sadness, disgust, anger, anticipation; without it, neutral
    #[arg(long, value_name = "A,B,C,D,E,F,G,H", value_delimiter = ',')]
    pub(crate) mood: Vec<u8>,

    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// How many pixels wide each pixel becomes
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u8).range(1..=32))]
    pub(crate) scale: u8,

    /// An animation instead of a picture
    #[arg(long)]
    pub(crate) frames: bool,

    /// A sheet of so many stones of this mood, their seeds made from this one
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=400))]
    pub(crate) sheet: Option<u16>,

    /// As it looks when opened: common, uncommon, rare, epic or legendary
    #[arg(long, value_name = "NAME")]
    pub(crate) rarity: Option<String>,
}
