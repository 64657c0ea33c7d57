//! What a finder does: take a stone aboard, open it.

use meteorite_protocol::control::{Reply, Request};

use super::{answer, own};
use crate::failure::{DONE, Ending, Failure};
use crate::output::veils;
use crate::session::{Context, Session};

/// `meteorite catch`
pub(super) async fn catch(context: &Context, bottle: Option<String>) -> Ending {
    let mut session = Session::open(context).await?;
    session.fill_sky().await?;
    answer(&mut session, Request::Catch { bottle }).await
}

/// `meteorite read`
pub(super) async fn read(context: &Context, bottle: String, unveil: bool) -> Ending {
    let mut session = Session::open(context).await?;
    session.find_neighbours().await?;
    let mut progress = session.notices().await?;
    let bar = context.output.bar("opening the stone", 1);
    let reply = own::with_progress(session.ask(Request::Read { bottle }), &mut progress, &bar).await;
    bar.finish_and_clear();
    let reply = reply?;
    let Reply::Read(opened) = reply else {
        return Err(Failure::unexpected(&reply));
    };
    let mut settled = session.settle_claim(opened).await?;
    if !unveil && !context.output.json() {
        veils::draw_over_bottle(&mut settled);
    }
    context.output.reply(&Reply::Read(settled))?;
    Ok(DONE)
}
