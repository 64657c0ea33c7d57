//! Names in addresses, resolved by the system. connexa's own DNS option wraps only the memory transport, so it is never used.

use std::net::IpAddr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use crate::error::DialError;

/// Replaces a leading name by the addresses that the system's resolver knows; addresses without a name pass unchanged.
///
/// # Errors
/// [`DialError::Name`] when the resolver knows no fitting address, [`DialError::Unsupported`] for `/dnsaddr`.
pub(crate) async fn resolve(address: Multiaddr) -> Result<Vec<Multiaddr>, DialError> {
    let Some((name, family)) = name_of(&address)? else {
        return Ok(vec![address]);
    };
    let found = tokio::net::lookup_host((name.as_str(), 0))
        .await
        .map_err(|error| DialError::Name(format!("{name}: {error}")))?;
    let mut addresses: Vec<Multiaddr> = found
        .map(|socket| socket.ip())
        .filter(|ip| family.fits(*ip))
        .take(ADDRESSES_MAX)
        .filter_map(|ip| address.replace(0, |_| Some(ip.into())))
        .collect();
    addresses.dedup();
    if addresses.is_empty() {
        Err(DialError::Name(name))
    } else {
        Ok(addresses)
    }
}

/// Whether an address starts with a name.
pub(crate) fn has_name(address: &Multiaddr) -> bool {
    address.iter().any(|part| {
        matches!(
            part,
            Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) | Protocol::Dnsaddr(_)
        )
    })
}

#[derive(Debug, Clone, Copy)]
enum Family {
    Any,
    V4,
    V6,
}

impl Family {
    fn fits(self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => ip.is_ipv4(),
            Self::V6 => ip.is_ipv6(),
        }
    }
}

fn name_of(address: &Multiaddr) -> Result<Option<(String, Family)>, DialError> {
    let first = address.iter().next();
    if let Some(Protocol::Dns(name)) = &first {
        Ok(Some((name.to_string(), Family::Any)))
    } else if let Some(Protocol::Dns4(name)) = &first {
        Ok(Some((name.to_string(), Family::V4)))
    } else if let Some(Protocol::Dns6(name)) = &first {
        Ok(Some((name.to_string(), Family::V6)))
    } else if has_name(address) {
        Err(DialError::Unsupported)
    } else {
        Ok(None)
    }
}

/// A name with more addresses than this is cut.
const ADDRESSES_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_become_numbers() {
        let found = resolve("/dns4/localhost/udp/4001/quic-v1".parse().unwrap())
            .await
            .unwrap();
        assert_eq!(found, ["/ip4/127.0.0.1/udp/4001/quic-v1".parse().unwrap()]);
    }

    #[tokio::test]
    async fn numbers_pass_and_dnsaddr_does_not() {
        let plain: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        assert_eq!(resolve(plain.clone()).await.unwrap(), [plain]);
        assert_eq!(
            resolve("/dnsaddr/example.org".parse().unwrap()).await,
            Err(DialError::Unsupported)
        );
    }
}
