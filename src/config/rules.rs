//! What must hold between keys and inside texts. Each rule gives the key to look at and a sentence.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Config, Encrypt, QUEUES_MAX, SpeechEngine, Trunk};

/// A key and what is wrong with it.
type Broken = (String, String);

impl Config {
    /// All ranges and rules that do not hold.
    pub(super) fn broken_rules(&self) -> Vec<Broken> {
        let mut broken: Vec<Broken> = self.bounds().iter().filter_map(super::bounds::Bound::broken).collect();
        let mut rule = |holds: bool, key: &str, message: String| {
            if !holds {
                broken.push((key.to_owned(), message));
            }
        };
        self.general_rules(&mut rule);
        self.sip_rules(&mut rule);
        for (key, holds, message) in self.registrar.rules() {
            rule(holds, &format!("registrar.{key}"), message);
        }
        self.media_rules(&mut rule);
        self.service_rules(&mut rule);
        self.recording_rules(&mut rule);
        for (key, message) in self.codes.broken().into_iter().chain(self.calls.broken()) {
            rule(false, &key, message);
        }
        self.queue_rules(&mut rule);
        self.trunk_rules(&mut rule);
        broken
    }

    fn general_rules(&self, rule: &mut impl FnMut(bool, &str, String)) {
        let zone = jiff::tz::TimeZone::get(&self.time_zone);
        rule(
            zone.is_ok(),
            "time_zone",
            format!("no such time zone: {:?}; try \"Asia/Shanghai\"", self.time_zone),
        );
        rule(
            !self.data_dir.as_os_str().is_empty(),
            "data_dir",
            "data_dir must name a folder".into(),
        );
    }

    fn sip_rules(&self, rule: &mut impl FnMut(bool, &str, String)) {
        let sip = &self.sip;
        let listens = !sip.listen_udp.is_empty() || !sip.listen_tcp.is_empty();
        rule(
            listens,
            "sip.listen_udp",
            "sip.listen_udp and sip.listen_tcp are both empty: nobody could call".into(),
        );
        rule(
            sip.t1_ms <= sip.t2_ms,
            "sip.t2_ms",
            "sip.t2_ms must not be below sip.t1_ms".into(),
        );
        let session = sip.min_se_s <= sip.session_expires_s;
        rule(
            session,
            "sip.min_se_s",
            "sip.min_se_s must not be above sip.session_expires_s".into(),
        );
        let plain = !sip.user_agent.chars().any(char::is_control);
        rule(
            plain,
            "sip.user_agent",
            "sip.user_agent must not hold control characters".into(),
        );
        let somebody = sip.strangers_may_call || self.trunk.iter().any(|trunk| !trunk.peers.is_empty());
        rule(
            somebody,
            "sip.strangers_may_call",
            "sip.strangers_may_call is false and no trunk has peers: nobody could call".into(),
        );
        let v4 = sip.advertised_v4.is_none_or(|address| !address.is_unspecified());
        rule(
            v4,
            "sip.advertised_v4",
            "sip.advertised_v4 must be an address that peers can reach".into(),
        );
        let v6 = sip.advertised_v6.is_none_or(|address| !address.is_unspecified());
        rule(
            v6,
            "sip.advertised_v6",
            "sip.advertised_v6 must be an address that peers can reach".into(),
        );
    }

    fn media_rules(&self, rule: &mut impl FnMut(bool, &str, String)) {
        let media = &self.media;
        let even = media.rtp_port_min.is_multiple_of(2);
        rule(
            even,
            "media.rtp_port_min",
            "media.rtp_port_min must be even (RFC 3550 §11)".into(),
        );
        let room = media.rtp_port_min < media.rtp_port_max;
        rule(
            room,
            "media.rtp_port_max",
            "media.rtp_port_max must be above media.rtp_port_min".into(),
        );
        let different = !media.laws.is_empty() && media.laws.first() != media.laws.get(1) && media.laws.len() <= 2;
        rule(
            different,
            "media.laws",
            "media.laws must be \"a\", \"mu\" or both, each once".into(),
        );
    }

    fn service_rules(&self, rule: &mut impl FnMut(bool, &str, String)) {
        for number in &self.dialplan.transfer_allow {
            let message = format!(
                "dialplan.transfer_allow: {number:?} is no number such as \"110\", \"0391XXXXXXX\" or \"0391*\""
            );
            rule(is_pattern(number), "dialplan.transfer_allow", message);
        }
        let trunk = self.dialplan.transfer_trunk.as_deref();
        let exists = trunk.is_none_or(|name| self.trunk.iter().any(|t| t.name == name));
        rule(
            exists,
            "dialplan.transfer_trunk",
            format!("there is no trunk named {:?}", trunk.unwrap_or_default()),
        );

        let prompts = &self.prompts;
        let url = prompts.url.as_deref().unwrap_or_default();
        match prompts.engine {
            SpeechEngine::None => {}
            SpeechEngine::Command => {
                let given = prompts.command.first().is_some_and(|program| !program.is_empty());
                rule(
                    given,
                    "prompts.engine",
                    "prompts.engine is \"command\", so prompts.command must be set".into(),
                );
            }
            // The engine stands next door: the HTTP client is built without TLS.
            SpeechEngine::Http => {
                let plain = url.starts_with("http://");
                rule(
                    plain,
                    "prompts.engine",
                    "prompts.engine is \"http\", so prompts.url must be an http:// address".into(),
                );
            }
        }
    }

    fn recording_rules(&self, rule: &mut impl FnMut(bool, &str, String)) {
        let recordings = &self.recordings;
        rule(
            recordings.encrypt == Encrypt::Auto || recordings.key_file.is_some(),
            "recordings.encrypt",
            "recordings.encrypt is \"required\", so recordings.key_file must be set".into(),
        );
        rule(
            recordings.purge_time().is_some(),
            "recordings.purge_at",
            format!(
                "recordings.purge_at = {:?} is no time such as \"03:30\"",
                recordings.purge_at
            ),
        );
    }

    fn queue_rules(&self, rule: &mut impl FnMut(bool, &str, String)) {
        // One exchange owns all agents: nobody can be promised to two callers.
        rule(
            self.queue.is_empty() || self.sip.shards <= 1,
            "sip.shards",
            format!(
                "sip.shards = {} is for houses without queues; with queues it must be 1 or 0",
                self.sip.shards
            ),
        );
        rule(
            self.queue.len() <= QUEUES_MAX,
            "queue",
            format!("{} queues, at most {QUEUES_MAX} are possible", self.queue.len()),
        );
        let mut names = BTreeSet::new();
        for (index, queue) in self.queue.iter().enumerate() {
            for (key, holds, message) in queue.rules() {
                rule(
                    holds,
                    &format!("queue[{index}].{key}"),
                    format!("queue {:?}: {message}", queue.name),
                );
            }
            let key = format!("queue[{index}].name");
            rule(
                names.insert(&queue.name),
                &key,
                format!("a second queue named {:?}", queue.name),
            );
        }
    }

    fn trunk_rules(&self, rule: &mut impl FnMut(bool, &str, String)) {
        let mut names = BTreeSet::new();
        for (index, trunk) in self.trunk.iter().enumerate() {
            let key = |name: &str| format!("trunk[{index}].{name}");
            let here = |holds: bool| {
                if holds {
                    String::new()
                } else {
                    format!("trunk {:?}: ", trunk.name)
                }
            };
            rule(
                !trunk.name.is_empty(),
                &format!("trunk[{index}]"),
                "a trunk needs a name".into(),
            );
            rule(
                names.insert(&trunk.name),
                &key("name"),
                format!("a second trunk named {:?}", trunk.name),
            );
            for (holds, name, message) in trunk.rules() {
                rule(holds, &key(name), format!("{}{message}", here(holds)));
            }
        }
    }
}

impl Trunk {
    fn rules(&self) -> Vec<(bool, &'static str, String)> {
        let bad_peer = self.peers.iter().find(|peer| !is_network(peer));
        let reachable = !self.peers.is_empty() || self.registrar.is_some() || self.outbound_proxy.is_some();
        let uri = |uri: &Option<String>| uri.as_deref().is_none_or(|uri| uri.starts_with("sip:"));
        let one_password = self.password.is_none() || self.password_file.is_none();
        vec![
            (
                bad_peer.is_none(),
                "peers",
                format!("{:?} is no network such as 192.0.2.0/24", bad_peer.map_or("", |p| p)),
            ),
            (
                reachable,
                "name",
                "set peers, registrar or outbound_proxy: nothing leads to it".into(),
            ),
            (
                uri(&self.registrar),
                "registrar",
                "registrar must be a SIP URI such as sip:carrier.example.com".into(),
            ),
            (
                uri(&self.outbound_proxy),
                "outbound_proxy",
                "outbound_proxy must be a SIP URI such as sip:192.0.2.1".into(),
            ),
            (
                self.registrar.is_none() || self.username.is_some(),
                "registrar",
                "registration needs a username".into(),
            ),
            (
                one_password,
                "password_file",
                "set password or password_file, not both".into(),
            ),
        ]
    }
}

/// A number with holes as the dialplans write it, but never `*` alone: that would open every number to toll fraud.
pub(super) fn is_pattern(number: &str) -> bool {
    let body = number.strip_suffix('*').unwrap_or(number);
    let places = body.strip_prefix('+').unwrap_or(body);
    let fits = places
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, 'X' | 'Z' | 'N' | ' ' | '-'));
    fits && places.contains(|c: char| c.is_ascii_digit())
}

/// An address, alone or with the length of its prefix.
fn is_network(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|bits| bits <= longest))
}
