//! From what was typed to the code that does it: one file per family of commands.

mod analyse;
mod backup;
mod finder;
mod forge;
mod keys;
mod letters;
mod network;
mod node;
mod own;
mod reference;
mod sky;

use meteorite_protocol::control::{Reply, Request, Target, TasteChange};

use crate::args::{BlockTarget, Command};
use crate::demo;
use crate::failure::{DONE, Ending};
use crate::session::{Context, Session};

/// Runs one command to its exit code.
pub(crate) async fn run(context: &Context, command: Command) -> Ending {
    match command {
        Command::Keys(command) => keys::run(context, command),
        Command::Node(command) => node::run(context, command).await,
        Command::Throw(args) => own::throw(context, args).await,
        Command::Sky(args) => sky::run(context, args).await,
        Command::Catch { bottle } => finder::catch(context, bottle).await,
        Command::Read { bottle, unveil } => finder::read(context, bottle, unveil).await,
        Command::Release { bottle } => here(context, Request::Release { bottle }).await,
        Command::Light { bottle, sticker } => letters::light(context, bottle, sticker).await,
        Command::Reply { to, text, file } => letters::reply(context, to, text, file).await,
        Command::Thread(command) => letters::thread(context, command).await,
        Command::Keep { bottle } => here(context, Request::Keep { bottle }).await,
        Command::ThrowBack { bottle } => out(context, Request::ThrowBack { bottle }).await,
        Command::Withdraw { bottle } => out(context, Request::Withdraw { bottle }).await,
        Command::Recast { bottle } => out(context, Request::Recast { bottle }).await,
        Command::Report { bottle, reason } => {
            here(
                context,
                Request::Report {
                    bottle,
                    reason: reason.join(" "),
                },
            )
            .await
        }
        Command::Block(target) => {
            here(
                context,
                Request::Block {
                    target: block_target(target),
                },
            )
            .await
        }
        Command::Collection { search } => here(context, Request::Collection { search }).await,
        Command::Hold => here(context, Request::Hold).await,
        Command::Bottles => here(context, Request::Bottles).await,
        Command::Letters { thread, unveil } => letters::list(context, thread, unveil).await,
        Command::Veil { level } => here(context, Request::Veil { level }).await,
        Command::Taste {
            knob,
            languages,
            forget,
        } => {
            let languages = languages.map(|tags| tags.into_iter().filter(|tag| tag != "all").collect());
            let change = TasteChange {
                knob,
                languages,
                forget,
            };
            here(context, Request::Taste(change)).await
        }
        Command::Peers => network::peers(context).await,
        Command::Invite { days } => network::invite(context, days).await,
        Command::Join { code } => network::join(context, code).await,
        Command::Dial { address } => network::dial(context, address).await,
        Command::Doctor => network::doctor(context).await,
        Command::Backup { file, passphrase } => backup::backup(context, &file, &passphrase).await,
        Command::Restore { file } => backup::restore(context, &file).await,
        Command::Status => here(context, Request::Snapshot).await,
        Command::Demo(args) => demo::run(context, args).await,
        Command::Forge(args) => forge::run(context, &args),
        Command::Analyse { text, heads } => analyse::run(context, text, heads),
        Command::Completions { shell } => reference::completions(context, shell),
        Command::CommandsTable => reference::commands_table(context),
    }
}

/// A question about what lies on this computer: no neighbour is waited for.
async fn here(context: &Context, request: Request) -> Ending {
    let mut session = Session::open(context).await?;
    answer(&mut session, request).await
}

/// Something that the others must hear of: a neighbour first, and time to leave afterwards.
async fn out(context: &Context, request: Request) -> Ending {
    let mut session = Session::open(context).await?;
    session.find_neighbours().await?;
    let code = answer(&mut session, request).await?;
    session.let_it_leave().await?;
    Ok(code)
}

async fn answer(session: &mut Session, request: Request) -> Ending {
    let reply: Reply = session.ask(request).await?;
    session.output().reply(&reply)?;
    Ok(DONE)
}

fn block_target(target: BlockTarget) -> Target {
    match target {
        BlockTarget::Bottle { bottle } => Target::Bottle(bottle),
        BlockTarget::Thread { thread } => Target::Thread(thread),
    }
}
