//! From a carrier's URI to addresses to try, in order (RFC 3263 §4, RFC 2782). Asks questions; others resolve them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use rand::Rng;
use rand::rngs::StdRng;

use crate::sip::Transport;
use crate::sip::message::{Host, Uri};

/// SIP's port where none is named.
pub(super) const DEFAULT_PORT: u16 = 5060;
/// Records looked at in one answer, and targets tried at most.
const RECORDS_MAX: usize = 16;

/// A question to the domain name system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// SRV records of this name, such as `_sip._udp.example.com`.
    Srv(String),
    /// A and AAAA records of this name.
    Addresses(String),
}

/// Its answer; empty if there is no such name or nobody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Question::Srv`].
    Srv(Vec<SrvRecord>),
    /// To [`Question::Addresses`].
    Addresses(Vec<IpAddr>),
}

/// An SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrvRecord {
    /// Lower is tried first.
    pub priority: u16,
    /// Share among records of one priority.
    pub weight: u16,
    /// Port of the service.
    pub port: u16,
    /// Host that serves; `.` if the service is decidedly not available.
    pub target: String,
}

/// An address to send requests to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// How.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.transport.as_str(), self.address)
    }
}

/// A search under way.
#[derive(Debug)]
pub(super) struct Search {
    host: Host,
    port: Option<u16>,
    /// The transport that the URI asks for.
    transport: Option<Transport>,
    open: Vec<Question>,
    /// SRV answers so far, per transport in order of preference.
    services: Vec<(Transport, Vec<SrvRecord>)>,
    /// Hosts to try in order; their addresses come in any order.
    hosts: Vec<(Transport, String, u16)>,
    found: Vec<(String, Vec<IpAddr>)>,
}

/// How a search goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Wait for answers; these questions are new.
    Ask(Vec<Question>),
    /// The targets in the order in which to try them; none if the carrier cannot be found.
    Done(Vec<Target>),
}

impl Search {
    /// Begins a search for the host of `uri`.
    pub fn start(uri: &Uri) -> (Self, Step) {
        let transport = uri.params.value("transport").and_then(transport_of);
        let mut search = Self {
            host: uri.host.clone(),
            port: uri.port,
            transport,
            open: Vec::new(),
            services: Vec::new(),
            hosts: Vec::new(),
            found: Vec::new(),
        };
        let step = search.first_step();
        (search, step)
    }

    /// RFC 3263 §4.1–4.2: an address is taken as it is, a port forbids SRV.
    fn first_step(&mut self) -> Step {
        let transport = self.transport.unwrap_or(Transport::Udp);
        let name = match &self.host {
            Host::V4(ip) => return self.literal(transport, IpAddr::V4(*ip)),
            Host::V6(ip) => return self.literal(transport, IpAddr::V6(*ip)),
            Host::Name(name) => name.clone(),
        };
        if let Some(port) = self.port {
            return self.ask_addresses(vec![(transport, name, port)]);
        }
        let wanted = match self.transport {
            Some(it) => vec![it],
            None => vec![Transport::Udp, Transport::Tcp],
        };
        self.services = wanted.into_iter().map(|it| (it, Vec::new())).collect();
        let names = self.services.iter().map(|(it, _)| srv_name(*it, &name));
        self.open = names.map(Question::Srv).collect();
        Step::Ask(self.open.clone())
    }

    fn literal(&self, transport: Transport, ip: IpAddr) -> Step {
        let address = SocketAddr::new(ip, self.port.unwrap_or(DEFAULT_PORT));
        Step::Done(vec![Target { transport, address }])
    }

    /// Takes an answer. One to a question that is not open changes nothing.
    pub fn answer(&mut self, question: &Question, answer: Answer, rng: &mut StdRng) -> Step {
        let Some(index) = self.open.iter().position(|it| it == question) else {
            return Step::Ask(Vec::new());
        };
        self.open.remove(index);
        match (question, answer) {
            (Question::Srv(name), Answer::Srv(mut records)) => {
                records.truncate(RECORDS_MAX);
                self.service_found(name, &records);
            }
            (Question::Addresses(name), Answer::Addresses(addresses)) => {
                self.found.push((name.clone(), addresses));
            }
            // An answer to another question says nothing about this one.
            (Question::Srv(_), Answer::Addresses(_)) | (Question::Addresses(_), Answer::Srv(_)) => {}
        }
        if !self.open.is_empty() {
            return Step::Ask(Vec::new());
        }
        if self.hosts.is_empty() {
            return self.all_services_known(rng);
        }
        Step::Done(self.targets())
    }

    fn service_found(&mut self, name: &str, records: &[SrvRecord]) {
        let host = self.host.to_string();
        let services = self.services.iter_mut();
        for (transport, known) in services {
            if srv_name(*transport, &host) == name {
                *known = records.to_vec();
            }
        }
    }

    /// With SRV records their hosts are asked for, without any the host itself (RFC 3263 §4.2).
    fn all_services_known(&mut self, rng: &mut StdRng) -> Step {
        let mut hosts = Vec::new();
        let mut any = false;
        for (transport, records) in std::mem::take(&mut self.services) {
            any = any || !records.is_empty();
            for record in in_order(records, rng) {
                // "." means: this service is decidedly not here (RFC 2782).
                if record.target != "." {
                    hosts.push((transport, record.target, record.port));
                }
            }
        }
        if !any {
            let transport = self.transport.unwrap_or(Transport::Udp);
            hosts.push((transport, self.host.to_string(), DEFAULT_PORT));
        }
        hosts.truncate(RECORDS_MAX);
        self.ask_addresses(hosts)
    }

    fn ask_addresses(&mut self, hosts: Vec<(Transport, String, u16)>) -> Step {
        self.hosts = hosts;
        for (_, name, _) in &self.hosts {
            let question = Question::Addresses(name.clone());
            if !self.open.contains(&question) {
                self.open.push(question);
            }
        }
        if self.open.is_empty() {
            return Step::Done(Vec::new());
        }
        Step::Ask(self.open.clone())
    }

    fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        for (transport, name, port) in &self.hosts {
            let found = self.found.iter().filter(|(it, _)| it == name);
            for ip in found.flat_map(|(_, addresses)| addresses) {
                let target = Target {
                    transport: *transport,
                    address: SocketAddr::new(*ip, *port),
                };
                if !targets.contains(&target) && targets.len() < RECORDS_MAX {
                    targets.push(target);
                }
            }
        }
        targets
    }
}

/// Orders SRV records as RFC 2782 says: by priority, and within one by lot, each with a chance by its weight.
pub fn in_order(mut records: Vec<SrvRecord>, rng: &mut StdRng) -> Vec<SrvRecord> {
    // Weight 0 first, so that such a record has only a very small chance.
    records.sort_by_key(|it| (it.priority, it.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equals = records.iter().take_while(|it| it.priority == priority);
        let total: u32 = equals.map(|it| u32::from(it.weight)).sum();
        let lot = rng.random_range(0..=total);
        let mut sum = 0;
        let drawn = records.iter().position(|it| {
            sum += u32::from(it.weight);
            sum >= lot
        });
        ordered.push(records.remove(drawn.unwrap_or(0)));
    }
    ordered
}

fn srv_name(transport: Transport, host: &str) -> String {
    let transport = transport.as_str().to_ascii_lowercase();
    format!("_sip._{transport}.{host}")
}

fn transport_of(name: &str) -> Option<Transport> {
    [Transport::Udp, Transport::Tcp]
        .into_iter()
        .find(|it| it.as_str().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn srv(priority: u16, weight: u16, port: u16, target: &str) -> SrvRecord {
        SrvRecord {
            priority,
            weight,
            port,
            target: target.to_owned(),
        }
    }

    fn start(uri: &str) -> (Search, Step) {
        Search::start(&Uri::parse(uri).unwrap())
    }

    fn show(step: &Step) -> Vec<String> {
        match step {
            Step::Ask(questions) => questions.iter().map(|it| format!("{it:?}")).collect(),
            Step::Done(targets) => targets.iter().map(Target::to_string).collect(),
        }
    }

    fn addresses(name: &str, ip: &str) -> (Question, Answer) {
        let answer = Answer::Addresses(vec![ip.parse().unwrap()]);
        (Question::Addresses(name.to_owned()), answer)
    }

    #[test]
    fn an_address_needs_no_question() {
        for (uri, target) in [
            ("sip:192.0.2.1", "UDP 192.0.2.1:5060"),
            ("sip:192.0.2.1:5080;transport=tcp", "TCP 192.0.2.1:5080"),
            ("sip:[2001:db8::1]", "UDP [2001:db8::1]:5060"),
        ] {
            assert_eq!(show(&start(uri).1), [target]);
        }
    }

    #[test]
    fn a_port_forbids_srv() {
        let mut rng = StdRng::seed_from_u64(1);
        let (mut search, step) = start("sip:sbc.example.com:5070");
        assert_eq!(show(&step), [r#"Addresses("sbc.example.com")"#]);
        let (question, answer) = addresses("sbc.example.com", "192.0.2.5");
        let step = search.answer(&question, answer, &mut rng);
        assert_eq!(show(&step), ["UDP 192.0.2.5:5070"]);
    }

    #[test]
    fn services_are_tried_by_priority_udp_before_tcp() {
        let mut rng = StdRng::seed_from_u64(1);
        let (mut search, step) = start("sip:example.com");
        let Step::Ask(questions) = step else {
            panic!("no question");
        };
        let tcp = Answer::Srv(vec![srv(0, 0, 5062, "a.example.com")]);
        assert_eq!(search.answer(&questions[1], tcp, &mut rng), Step::Ask(vec![]));
        let udp = vec![srv(20, 0, 5061, "b.example.com"), srv(10, 0, 5060, "a.example.com")];
        let step = search.answer(&questions[0], Answer::Srv(udp), &mut rng);
        let asked = [r#"Addresses("a.example.com")"#, r#"Addresses("b.example.com")"#];
        assert_eq!(show(&step), asked);
        let (question, answer) = addresses("b.example.com", "192.0.2.2");
        search.answer(&question, answer, &mut rng);
        let (question, answer) = addresses("a.example.com", "192.0.2.1");
        let step = search.answer(&question, answer, &mut rng);
        let targets = ["UDP 192.0.2.1:5060", "UDP 192.0.2.2:5061", "TCP 192.0.2.1:5062"];
        assert_eq!(show(&step), targets);
    }

    #[test]
    fn without_srv_records_the_host_itself_is_asked() {
        let mut rng = StdRng::seed_from_u64(1);
        let (mut search, _) = start("sip:example.com;transport=tcp");
        let question = Question::Srv("_sip._tcp.example.com".to_owned());
        let step = search.answer(&question, Answer::Srv(vec![]), &mut rng);
        assert_eq!(show(&step), [r#"Addresses("example.com")"#]);
        let (question, answer) = addresses("example.com", "2001:db8::5");
        let step = search.answer(&question, answer, &mut rng);
        assert_eq!(show(&step), ["TCP [2001:db8::5]:5060"]);
    }

    #[test]
    fn a_service_that_is_decidedly_absent_is_not_looked_for_elsewhere() {
        let mut rng = StdRng::seed_from_u64(1);
        let (mut search, _) = start("sip:example.com;transport=udp");
        let question = Question::Srv("_sip._udp.example.com".to_owned());
        let none = Answer::Srv(vec![srv(0, 0, 0, ".")]);
        assert_eq!(search.answer(&question, none, &mut rng), Step::Done(vec![]));
    }

    #[test]
    fn an_answer_that_nobody_asked_for_changes_nothing() {
        let mut rng = StdRng::seed_from_u64(1);
        let (mut search, _) = start("sip:example.com");
        let (question, answer) = addresses("example.net", "192.0.2.66");
        assert_eq!(search.answer(&question, answer, &mut rng), Step::Ask(vec![]));
    }

    #[test]
    fn weights_share_the_load() {
        let mut rng = StdRng::seed_from_u64(7);
        let records = || vec![srv(0, 75, 1, "a"), srv(0, 25, 2, "b"), srv(0, 0, 3, "c")];
        let mut first = [0_u32; 4];
        for _ in 0..4_000 {
            let order = in_order(records(), &mut rng);
            assert_eq!(order.len(), 3);
            first[usize::from(order[0].port)] += 1;
        }
        assert!((2_850..3_150).contains(&first[1]), "{first:?}");
        assert!((900..1_100).contains(&first[2]), "{first:?}");
        assert!(first[3] < 100, "{first:?}");
    }
}
