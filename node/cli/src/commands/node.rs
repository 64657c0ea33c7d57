//! A node without a window, until Ctrl-C.

use meteorite_node::{Node, NodeConfig, keys};
use meteorite_protocol::control::Notice;
use tokio::sync::broadcast::error::RecvError;

use crate::args::{NodeCommand, RunArgs};
use crate::failure::{DONE, Ending, Failure};
use crate::output::Output;
use crate::passphrase;
use crate::session::{Context, own_config};

/// `meteorite node …`
pub(super) async fn run(context: &Context, command: NodeCommand) -> Ending {
    match command {
        NodeCommand::Run(args) => headless(context, args).await,
    }
}

async fn headless(context: &Context, args: RunArgs) -> Ending {
    let home = context.home()?;
    if !keys::exists(&home) {
        return Err(Failure::no_keys(&home.key_file()));
    }
    let config = configured(own_config(&context.globals, &home)?, args);
    let (keys, _) = passphrase::open_keys(&context.globals, &home)?;
    let output = context.output;
    let node = context.start(config, keys).await?;
    output.note("The node runs; Ctrl-C ends it. Other `meteorite` commands talk to it by themselves.")?;
    tokio::select! {
        told = tell(&node, output) => told?,
        () = crate::interrupt() => {}
    }
    output.note("Handing over and closing.")?;
    context.end().await?;
    Ok(DONE)
}

/// Prints addresses and notices until the node stops.
async fn tell(node: &Node, output: Output) -> Result<(), Failure> {
    let mut notices = node.notices();
    let listening = node.snapshot().borrow().listening.clone();
    for address in &listening {
        output.notice(&Notice::Listening {
            address: address.clone(),
        })?;
    }
    loop {
        let notice = match notices.recv().await {
            Ok(notice) => notice,
            Err(RecvError::Lagged(missed)) => Notice::Missed(missed),
            Err(RecvError::Closed) => return Ok(()),
        };
        let told = matches!(&notice, Notice::Listening { address } if listening.contains(address));
        if !told {
            output.notice(&notice)?;
        }
        if notice == Notice::Stopping {
            return Ok(());
        }
    }
}

fn configured(mut config: NodeConfig, args: RunArgs) -> NodeConfig {
    if !args.listen.is_empty() {
        config.listen = args.listen.iter().flat_map(|listen| addresses(listen)).collect();
    }
    config.bootstrap.extend(args.bootstrap);
    config.mdns &= !args.no_mdns;
    config.volunteer &= !args.no_volunteer;
    config
}

/// A bare port means every interface, QUIC and TCP; anything else is an address as it stands.
fn addresses(listen: &str) -> Vec<String> {
    match listen.parse::<u16>() {
        Ok(port) => vec![
            format!("/ip4/0.0.0.0/udp/{port}/quic-v1"),
            format!("/ip4/0.0.0.0/tcp/{port}"),
        ],
        Err(_) => vec![listen.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_listens_everywhere_and_an_address_is_left_alone() {
        assert_eq!(
            addresses("4001"),
            ["/ip4/0.0.0.0/udp/4001/quic-v1", "/ip4/0.0.0.0/tcp/4001"]
        );
        assert_eq!(addresses("/ip6/::1/tcp/4001"), ["/ip6/::1/tcp/4001"]);
    }
}
