//! The sky: a page of it, or each stone as it falls.

use std::collections::BTreeSet;

use meteorite_protocol::control::{Notice, Request, SkyFilter, StoneView};

use super::answer;
use crate::args::SkyArgs;
use crate::failure::{Ending, Failure};
use crate::output::Output;
use crate::session::{Context, Notices, Session};

/// `meteorite sky`
pub(super) async fn run(context: &Context, args: SkyArgs) -> Ending {
    let mut session = Session::open(context).await?;
    let filter = SkyFilter {
        langs: args.langs,
        moods: args.moods,
        hidden: args.all,
        seen: args.all,
    };
    let notices = if args.watch {
        Some(session.notices().await?)
    } else {
        None
    };
    session.fill_sky().await?;
    let request = Request::Sky {
        filter: filter.clone(),
        cursor: args.page,
        limit: args.limit,
    };
    let code = answer(&mut session, request).await?;
    match notices {
        Some(notices) => watch(notices, &filter, context.output).await.map(|()| code),
        None => Ok(code),
    }
}

async fn watch(mut notices: Notices, filter: &SkyFilter, output: Output) -> Result<(), Failure> {
    output.note("Watching the sky; Ctrl-C ends it.")?;
    loop {
        let notice = notices.next().await?;
        match &notice {
            Notice::Fell(stone) if !wanted(stone, filter) => {}
            Notice::Fell(_) | Notice::Ended { .. } | Notice::Missed(_) => output.notice(&notice)?,
            Notice::Stopping => return output.notice(&notice),
            Notice::Bottle(_)
            | Notice::Hold(_)
            | Notice::Letter(_)
            | Notice::PeerUp { .. }
            | Notice::PeerDown { .. }
            | Notice::Listening { .. }
            | Notice::Mining { .. } => {}
        }
    }
}

/// The same choice as the node makes for a page.
fn wanted(stone: &StoneView, filter: &SkyFilter) -> bool {
    let langs: BTreeSet<&String> = filter.langs.iter().collect();
    let moods: BTreeSet<&String> = filter.moods.iter().collect();
    let mood = stone.moods.first();
    (langs.is_empty() || langs.contains(&stone.lang))
        && (moods.is_empty() || mood.is_some_and(|mood| moods.contains(mood)))
}
