//! Lights, letters and threads.

use std::path::PathBuf;

use meteorite_protocol::control::{Reply, Request};
use meteorite_protocol::text::TextKind;

use crate::args::ThreadCommand;
use crate::failure::{DONE, Ending, Failure};
use crate::input;
use crate::output::veils;
use crate::session::{Context, Session};

/// `meteorite light`
pub(super) async fn light(context: &Context, bottle: String, sticker: String) -> Ending {
    send(context, Request::Light { bottle, sticker }).await
}

/// `meteorite reply`
pub(super) async fn reply(
    context: &Context,
    to: String,
    text: Option<String>,
    file: Option<PathBuf>,
) -> Ending {
    let text = input::message(text.as_deref(), file.as_deref(), context.output)?;
    let text = input::checked(TextKind::Letter, &text, context.output)?;
    send(context, Request::Reply { to, text }).await
}

/// `meteorite thread`
pub(super) async fn thread(context: &Context, command: ThreadCommand) -> Ending {
    let request = match command {
        ThreadCommand::Keep { thread } => Request::Thread { thread, keep: true },
        ThreadCommand::Drift { thread } => Request::Thread { thread, keep: false },
    };
    super::out(context, request).await
}

/// `meteorite letters`
pub(super) async fn list(context: &Context, thread: Option<String>, unveil: bool) -> Ending {
    let mut session = Session::open(context).await?;
    session.fill_sky().await?;
    let mut reply = session.ask(Request::Letters { thread }).await?;
    if let Reply::Letters(letters) = &mut reply
        && !unveil
        && !context.output.json()
    {
        letters.iter_mut().for_each(veils::draw_over_letter);
    }
    context.output.reply(&reply)?;
    Ok(DONE)
}

async fn send(context: &Context, request: Request) -> Ending {
    let mut session = Session::open(context).await?;
    session.find_neighbours().await?;
    let mut proof = session.notices().await?;
    let reply = session.ask(request).await?;
    let Reply::Queued(letter) = reply else {
        return Err(Failure::unexpected(&reply));
    };
    let known = session.hand_over_letter(letter, &mut proof).await?;
    context.output.reply(&Reply::Queued(known))?;
    Ok(DONE)
}
