//! The trunks of the configuration in the words of the machines: who may call, who carries which numbers, what is kept up.
//! Opens nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::call::{CallerId, Gateway, Lines, Peer, Route};
use crate::config::{CallerIdHeader, Config, Trunk};
use crate::ivr::TransferPolicy;
use crate::sip::digest::Account;
use crate::sip::message::{Host, Uri};
use crate::sip::trunk::{Cidr, TrunkConfig};
use crate::sip::ua::Credentials;

/// Who we are at a carrier that was told no number.
const NOBODY: &str = "yihao";

/// All that follows from `[[trunk]]`.
#[derive(Debug, Default)]
pub struct Trunks {
    /// Who may call us as a trunk.
    pub peers: Vec<Peer>,
    /// Who carries transfers.
    pub routes: Vec<Route>,
    /// Trunks to keep registered and watched, for the first shard.
    pub trunks: Vec<TrunkConfig>,
}

/// Reads the trunks of a configuration.
///
/// # Errors
/// A sentence for every trunk setting that cannot be used.
pub fn trunks(config: &Config) -> Result<Trunks, Vec<String>> {
    let mut all = Trunks::default();
    let mut problems = Vec::new();
    let mut gateways = Vec::new();
    for trunk in &config.trunk {
        match read(trunk, config) {
            Ok((peer, outward)) => {
                all.peers.extend(peer.filter(|peer| !peer.networks.is_empty()));
                if let Some((gateway, kept)) = outward {
                    gateways.push(gateway);
                    all.trunks.push(kept);
                }
            }
            Err(problem) => problems.push(format!("trunk {:?}: {problem}", trunk.name)),
        }
    }
    match route(config, &gateways) {
        Ok(route) => all.routes.extend(route),
        Err(problem) => problems.push(problem),
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// The trunk that carries transfers and agents' calls: the one that is named, else the first that leads anywhere.
fn route(config: &Config, gateways: &[Arc<Gateway>]) -> Result<Option<Route>, String> {
    let allowed: Vec<&String> = config
        .dialplan
        .transfer_allow
        .iter()
        .chain(&config.calls.allow)
        .collect();
    let numbers = TransferPolicy::new(&allowed)?;
    let gateway = match &config.dialplan.transfer_trunk {
        None => gateways.first(),
        Some(name) => Some(gateways.iter().find(|it| it.name == *name).ok_or_else(|| {
            format!("dialplan.transfer_trunk: trunk {name:?} has neither registrar nor outbound_proxy: no call can be placed by it")
        })?),
    };
    Ok(gateway.map(|gateway| Route {
        numbers,
        gateway: gateway.clone(),
    }))
}

type Read = (Option<Peer>, Option<(Arc<Gateway>, TrunkConfig)>);

fn read(trunk: &Trunk, config: &Config) -> Result<Read, String> {
    let networks: Vec<Cidr> = trunk.peers.iter().map(|text| network(text)).collect::<Result<_, _>>()?;
    let lines = Lines::at_most(trunk.max_calls as usize);
    let caller_id = match trunk.caller_id {
        CallerIdHeader::PAssertedIdentity => CallerId::Asserted,
        CallerIdHeader::RemotePartyId => CallerId::RemoteParty,
        CallerIdHeader::From => CallerId::From,
    };
    let peer = Peer {
        name: trunk.name.clone(),
        networks: networks.clone(),
        lines: lines.clone(),
        caller_id,
    };
    let registrar = uri("registrar", trunk.registrar.as_deref())?;
    let proxy = uri("outbound_proxy", trunk.outbound_proxy.as_deref())?;
    // A proxy alone is the carrier itself.
    let (server, outbound_proxy) = match (registrar, proxy) {
        (Some(registrar), proxy) => (registrar, proxy),
        (None, Some(proxy)) => (proxy, None),
        (None, None) => return Ok((Some(peer), None)),
    };
    let hop = outbound_proxy.as_ref().unwrap_or(&server);
    if trunk.srv && (hop.port.is_some() || !matches!(hop.host, Host::Name(_))) {
        return Err(format!(
            "srv = true, but {hop} has a port or is an address, which forbids SRV (RFC 3263 section 4.2)"
        ));
    }
    let account = trunk
        .username
        .clone()
        .zip(trunk.password.as_ref().map(|it| it.expose().to_owned()));
    let us = trunk
        .username
        .as_deref()
        .or(trunk.present_number.as_deref())
        .unwrap_or(NOBODY);
    let gateway = Gateway {
        name: trunk.name.clone(),
        server: server.clone(),
        outbound_proxy: outbound_proxy.clone(),
        account: account.clone().map(|(username, password)| Credentials {
            username,
            password,
            realm: trunk.realm.clone(),
        }),
        lines,
        caller_id,
        present_number: trunk.present_number.clone().or_else(|| trunk.username.clone()),
    };
    let kept = TrunkConfig {
        name: trunk.name.clone(),
        peers: networks,
        identity: Uri::sip(Some(us), server.host.clone(), None),
        contact: contact(us, config),
        server,
        srv: trunk.srv,
        outbound_proxy,
        account: account.map(|(username, password)| Account {
            username,
            password,
            realm: trunk.realm.clone(),
        }),
        expires_s: trunk.registrar.is_some().then_some(trunk.expires_s),
        options_interval_s: (trunk.options_interval_s > 0).then_some(trunk.options_interval_s),
    };
    Ok((Some(peer), Some((Arc::new(gateway), kept))))
}

fn network(text: &str) -> Result<Cidr, String> {
    text.parse().map_err(|error| format!("peers: {text:?}: {error}"))
}

fn uri(key: &str, text: Option<&str>) -> Result<Option<Uri>, String> {
    let parsed = text.map(Uri::parse).transpose();
    parsed.map_err(|error| format!("{key}: {:?}: {error}", text.unwrap_or_default()))
}

/// Where we are reached until the way to the carrier says better.
fn contact(user: &str, config: &Config) -> Uri {
    let local = config.sip.listen_udp.first().or(config.sip.listen_tcp.first());
    let local = local
        .copied()
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 5060)));
    let ip = config.sip.advertised_v4.map_or(local.ip(), Into::into);
    Uri::sip(Some(user), Host::from(ip), Some(local.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Trunks, Vec<String>> {
        trunks(&Config::parse("yihao.toml", text).unwrap())
    }

    #[test]
    fn without_trunks_there_is_nobody_to_be_transferred_to() {
        let all = of("").unwrap();
        assert!(all.peers.is_empty() && all.routes.is_empty() && all.trunks.is_empty());
    }

    #[test]
    fn a_carrier_that_we_register_with() {
        let all = of(
            "[[trunk]]\nname = \"carrier\"\npeers = [\"192.0.2.0/24\"]\nregistrar = \"sip:carrier.example.com\"\n\
             outbound_proxy = \"sip:192.0.2.1\"\nusername = \"hotline\"\npassword = \"s3cret\"\n\
             present_number = \"12345\"\nmax_calls = 30\ncaller_id = \"remote-party-id\"\n",
        )
        .unwrap();
        let (peer, route, kept) = (&all.peers[0], &all.routes[0], &all.trunks[0]);
        assert_eq!((peer.name.as_str(), peer.caller_id), ("carrier", CallerId::RemoteParty));
        assert!(peer.networks[0].contains([192, 0, 2, 77].into()));
        assert!(route.numbers.allows("110") && !route.numbers.allows("00441234567"));
        assert_eq!(route.gateway.server.to_string(), "sip:carrier.example.com");
        assert_eq!(route.gateway.present_number.as_deref(), Some("12345"));
        assert_eq!(kept.identity.to_string(), "sip:hotline@carrier.example.com");
        assert_eq!(kept.contact.to_string(), "sip:hotline@127.0.0.1:5060");
        assert_eq!((kept.expires_s, kept.options_interval_s), (Some(600), Some(30)));
        assert_eq!(kept.outbound_proxy.as_ref().unwrap().to_string(), "sip:192.0.2.1");
        assert!(!format!("{all:?}").contains("s3cret"), "a password is never shown");
    }

    #[test]
    fn a_neighbour_needs_no_registration() {
        let all = of("[[trunk]]\nname = \"desk\"\noutbound_proxy = \"sip:192.0.2.9:5080\"\noptions_interval_s = 0\n")
            .unwrap();
        assert!(all.peers.is_empty(), "nobody may call as a trunk that names no network");
        let kept = &all.trunks[0];
        assert_eq!(
            (kept.expires_s, kept.options_interval_s, &kept.outbound_proxy),
            (None, None, &None)
        );
        assert_eq!(kept.server.to_string(), "sip:192.0.2.9:5080");
    }

    #[test]
    fn a_trunk_that_only_calls_us_carries_no_transfers() {
        let incoming = "[[trunk]]\nname = \"in\"\npeers = [\"192.0.2.1\"]\n";
        assert!(of(incoming).unwrap().routes.is_empty());
        let problems = of(&format!("dialplan.transfer_trunk = \"in\"\n{incoming}")).unwrap_err();
        assert!(
            problems[0].contains("\"in\" has neither registrar nor outbound_proxy"),
            "{problems:?}"
        );
    }

    #[test]
    fn mistakes_are_told_with_the_trunk_they_are_in() {
        let problems = of(
            "[[trunk]]\nname = \"a\"\npeers = [\"192.0.2.5/24\"]\n[[trunk]]\nname = \"b\"\nsrv = true\n\
             outbound_proxy = \"sip:sbc.example.com:5060\"\n[[trunk]]\nname = \"c\"\noutbound_proxy = \"sip:a b\"\n",
        )
        .unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(
            problems[0].starts_with("trunk \"a\": peers:") && problems[0].contains("192.0.2.0/24"),
            "{problems:?}"
        );
        assert!(problems[1].starts_with("trunk \"b\": srv = true"), "{problems:?}");
        assert!(problems[2].starts_with("trunk \"c\": outbound_proxy:"), "{problems:?}");
    }
}
