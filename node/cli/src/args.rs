//! What can be typed: the global options and the list of commands, each with the sentence that its help shows.
//!
//! The table of commands in the README is made from this list (`meteorite commands-table`), and a test keeps the two the
//! same. Names follow the words of the game; identifiers of bottles and threads may be any unambiguous ending.

mod family;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use family::{
    BlockTarget, DemoArgs, ForgeArgs, KeysCommand, NewPassphrase, NodeCommand, RunArgs, SkyArgs,
    ThreadCommand, ThrowArgs,
};

/// Messages in meteorites, adrift between strangers.
#[derive(Debug, Parser)]
#[command(name = "meteorite", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command understands.
#[derive(Clone, Debug, Args)]
pub(crate) struct Globals {
    /// Folder of the identity, instead of the platform's folder for application data
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "METEORITE_HOME",
        hide_env_values = true
    )]
    pub(crate) home: Option<PathBuf>,

    /// Results as JSON on standard output (one value or one a line), problems as JSON on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Nothing but results and problems
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Show what happens inside; twice for decisions, three times for every message
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Stay off the network: show and do only what needs this computer alone
    #[arg(long, global = true)]
    pub(crate) offline: bool,

    /// File whose first line is the passphrase of the key file (or set METEORITE_PASSPHRASE)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Everything the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make, show, copy and bring back the keys of your identity
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Run a node without a window
    #[command(subcommand)]
    Node(NodeCommand),
    /// Throw a bottle into the sea
    Throw(ThrowArgs),
    /// Show the bottles that drift in your sky
    Sky(SkyArgs),
    /// Take a falling stone, still sealed, into your hold
    Catch {
        /// Which bottle; without it, whatever falls next
        bottle: Option<String>,
    },
    /// Open a bottle from your hold and claim it, or read again what you opened, kept or threw
    Read {
        /// Which bottle
        bottle: String,
        /// Show the text even where it would be veiled or hidden
        #[arg(long)]
        unveil: bool,
    },
    /// Let a stone fall out of your hold unopened
    Release {
        /// Which bottle
        bottle: String,
    },
    /// Send one of six stickers to the author of a bottle that you opened
    Light {
        /// Which bottle
        bottle: String,
        /// Which sticker; a wrong name lists the six
        sticker: String,
    },
    /// Answer the author of a bottle that you opened, or the last letter of a thread
    Reply {
        /// A bottle or a thread
        to: String,
        /// What it says; `-` or nothing reads standard input
        text: Option<String>,
        /// Read the text from a file
        #[arg(long, short, value_name = "FILE", conflicts_with = "text")]
        file: Option<PathBuf>,
    },
    /// Keep writing in a thread of letters, or let it drift
    #[command(subcommand)]
    Thread(ThreadCommand),
    /// Keep an opened bottle in your collection for good
    Keep {
        /// Which bottle
        bottle: String,
    },
    /// Give the place of an opened bottle free, so that another stranger may find it
    ThrowBack {
        /// Which bottle
        bottle: String,
    },
    /// Take a bottle of your own back before anyone caught it
    Withdraw {
        /// Which bottle
        bottle: String,
    },
    /// Open new places on a bottle of your own that was caught and never answered
    Recast {
        /// Which bottle
        bottle: String,
    },
    /// Hide a bottle and keep the evidence
    Report {
        /// Which bottle
        bottle: String,
        /// Why, in your own words
        #[arg(required = true, num_args = 1..)]
        reason: Vec<String>,
    },
    /// Never show a bottle or a thread again
    #[command(subcommand)]
    Block(BlockTarget),
    /// Show the bottles that you keep
    Collection {
        /// Only those whose text has this word
        #[arg(long, short, value_name = "WORD")]
        search: Option<String>,
    },
    /// Show what lies in your hold: caught, opened, thrown back
    Hold,
    /// Show your own bottles and what is proven about each
    Bottles,
    /// Show your threads of letters, or the letters of one
    Letters {
        /// Which thread
        thread: Option<String>,
        /// Show letters even where they would be veiled or hidden
        #[arg(long)]
        unveil: bool,
    },
    /// Choose how much of what may hurt is veiled: open, careful or strict; without a level, say which it is
    Veil {
        /// From now on
        level: Option<String>,
    },
    /// Choose what falls: how far from “surprise me” to “like me”, in which languages; or let it forget what it learned about you
    Taste {
        /// From 0, “surprise me”, to 100, “like me”
        #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
        knob: Option<u8>,
        /// Languages that you read, best first, such as en,ja; `all` for every one
        #[arg(long, value_name = "TAGS", value_delimiter = ',')]
        languages: Option<Vec<String>>,
        /// Forget everything that was learned about your taste
        #[arg(long)]
        forget: bool,
    },
    /// Show the neighbours of your node
    Peers,
    /// Make a code with which a friend's node finds yours
    Invite {
        /// Days for which it stays valid
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..))]
        days: Option<u8>,
    },
    /// Meet the peers of an invitation
    Join {
        /// The code; `-` reads standard input
        code: String,
    },
    /// Dial one address
    Dial {
        /// A multiaddress that ends in a peer id
        address: String,
    },
    /// Look for what is wrong and say what to do (ends with 1 when something must be mended)
    Doctor,
    /// Read what a text feels, says and is about: one text, or every line of standard input
    Analyse {
        /// The text; without it, lines are read from standard input
        text: Option<String>,
        /// With --json: also every label of every data set the parser learned from
        #[arg(long)]
        heads: bool,
    },
    /// Draw the meteorite of a seed and a mood into a PNG file
    Forge(ForgeArgs),
    /// Write everything of yours into one sealed file
    Backup {
        /// The file to write; it must not exist
        file: PathBuf,
        #[command(flatten)]
        passphrase: NewPassphrase,
    },
    /// Bring a backup back
    Restore {
        /// The file to read
        file: PathBuf,
    },
    /// Say how your node is
    Status,
    /// Watch a small sea of real nodes on this computer, and throw a bottle of your own
    Demo(DemoArgs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the table of commands in Markdown
    #[command(hide = true)]
    CommandsTable,
}

const AFTER_HELP: &str = "\
Bottles and threads are named by their id, or by a few letters at either end of what is shown of it.
A command talks to the node that runs on the folder, or runs one of its own for as long as it needs it.

Exit codes: 0 done, 1 done but not well (doctor, demo), 2 wrong usage, 3 bad input, 4 not found, 5 refused for now,
6 keys or passphrase, 7 disk, 8 network, 9 another node, 70 a fault of this program, 130 interrupted.";
