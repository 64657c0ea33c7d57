//! Throwing a bottle.

use std::future::Future;

use indicatif::ProgressBar;
use meteorite_protocol::control::{Notice, Reply, Request};
use meteorite_protocol::text::TextKind;

use crate::args::ThrowArgs;
use crate::failure::{DONE, Ending, Failure};
use crate::input;
use crate::session::{Context, Notices, Session};

/// `meteorite throw`
pub(super) async fn throw(context: &Context, args: ThrowArgs) -> Ending {
    let text = input::message(args.text.as_deref(), args.file.as_deref(), context.output)?;
    let text = input::checked(TextKind::Bottle, &text, context.output)?;
    let nick = args
        .nick
        .map(|nick| input::checked(TextKind::Nick, &nick, context.output))
        .transpose()?;
    let mut session = Session::open(context).await?;
    let mut progress = session.notices().await?;
    let mut proof = session.notices().await?;
    let request = Request::Throw {
        text,
        nick,
        tags: args.tags,
        slots: args.slots,
        days: args.days,
        lang: args.lang,
        sure: args.sure,
    };
    let bar = context.output.bar("working on the stamp", 1);
    let reply = with_progress(session.ask(request), &mut progress, &bar).await;
    bar.finish_and_clear();
    let reply = reply?;
    let Reply::Thrown(thrown) = reply else {
        return Err(Failure::unexpected(&reply));
    };
    let known = session.hand_over_bottle(thrown, &mut proof).await?;
    context.output.reply(&Reply::Thrown(known))?;
    Ok(DONE)
}

/// Moves the bar with each notice of work while the answer is awaited.
pub(super) async fn with_progress(
    asked: impl Future<Output = Result<Reply, Failure>>,
    notices: &mut Notices,
    bar: &ProgressBar,
) -> Result<Reply, Failure> {
    tokio::pin!(asked);
    loop {
        let notice = tokio::select! {
            biased;
            reply = &mut asked => return reply,
            notice = notices.next() => notice,
        };
        match notice {
            // More tries than expected are as likely as fewer: the bar waits just before its end.
            Ok(Notice::Mining { tries, expected }) => {
                bar.set_length(expected);
                bar.set_position(tries.min(expected.saturating_sub(expected / 20)));
            }
            Ok(_other) => {}
            // The answer says what went wrong.
            Err(_) => return asked.await,
        }
    }
}
