//! Neighbours: who they are, how to meet them, and what stands in the way.

use meteorite_protocol::control::{Finding, ProblemKind, Reply, Request};
use meteorite_protocol::invite::Invite;
use meteorite_protocol::time::UnixMillis;

use super::answer;
use crate::failure::{DONE, Ending, Failure, NOT_WELL};
use crate::input;
use crate::output::words;
use crate::session::{Context, Session};

/// `meteorite peers`
pub(super) async fn peers(context: &Context) -> Ending {
    let mut session = Session::open(context).await?;
    session.find_neighbours().await?;
    answer(&mut session, Request::Peers).await
}

/// `meteorite invite`
pub(super) async fn invite(context: &Context, days: Option<u8>) -> Ending {
    let mut session = Session::open(context).await?;
    let code = answer(&mut session, Request::Invite { days }).await?;
    if session.is_own() {
        context.output.note(
            "This node ends with the command, so nobody can meet it. Run `meteorite node run` (or the app) and make the code then.",
        )?;
    }
    Ok(code)
}

/// `meteorite join`
pub(super) async fn join(context: &Context, code: String) -> Ending {
    let code = if code == "-" { input::stdin_text()? } else { code };
    Invite::from_code(&code, UnixMillis(words::now_ms())).map_err(|error| {
        Failure::new(
            ProblemKind::Input,
            error.to_string(),
            "Nothing was changed and nobody was dialled.",
            "",
        )
    })?;
    let mut session = Session::open(context).await?;
    meet(
        context,
        &mut session,
        Request::Join {
            code: code.trim().to_owned(),
        },
    )
    .await
}

/// `meteorite dial`
pub(super) async fn dial(context: &Context, address: String) -> Ending {
    let mut session = Session::open(context).await?;
    meet(context, &mut session, Request::Dial { address }).await
}

/// `meteorite doctor`
pub(super) async fn doctor(context: &Context) -> Ending {
    let mut session = Session::open(context).await?;
    session.find_neighbours().await?;
    let reply = session.ask(Request::Doctor).await?;
    context.output.reply(&reply)?;
    let Reply::Doctor(findings) = reply else {
        return Err(Failure::unexpected(&reply));
    };
    let bad = findings.iter().any(|finding| finding.finding == Finding::Bad);
    Ok(if bad { NOT_WELL } else { DONE })
}

async fn meet(context: &Context, session: &mut Session, request: Request) -> Ending {
    let code = answer(session, request).await?;
    if session.is_own() && session.find_neighbours().await? {
        context
            .output
            .note("Met. The address is remembered for the next time a node runs here.")?;
    }
    Ok(code)
}
