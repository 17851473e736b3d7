//! Names to addresses: SRV, A and AAAA with a time limit. Knows nothing of which record to choose (that is `sip::trunk`'s).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;

/// Where and how long to ask.
#[derive(Clone, Debug)]
pub struct DnsConfig {
    /// Name servers; empty takes those of `/etc/resolv.conf`.
    pub servers: Vec<SocketAddr>,
    /// Longest wait for one lookup, all retries included.
    pub timeout_ms: u64,
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            timeout_ms: 4_000,
        }
    }
}

/// One SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrvRecord {
    /// Lower is tried first.
    pub priority: u16,
    /// Share among equals.
    pub weight: u16,
    /// Port of the service.
    pub port: u16,
    /// Host that serves, without the closing dot.
    pub target: String,
}

/// Why a name gave no addresses.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// The time limit passed.
    #[error("no answer for {name} within {timeout_ms} ms")]
    Timeout {
        /// What was asked.
        name: String,
        /// The limit.
        timeout_ms: u64,
    },
    /// The name servers failed, or the name is none.
    #[error("looking up {name}: {source}")]
    Failed {
        /// What was asked.
        name: String,
        /// What the resolver says.
        source: Box<NetError>,
    },
    /// No resolver could be set up.
    #[error("setting up the resolver: {0}")]
    Setup(Box<NetError>),
}

/// A caching resolver.
pub struct Dns {
    resolver: TokioResolver,
    timeout_ms: u64,
}

impl Dns {
    /// Sets up a resolver; asks nothing yet.
    ///
    /// # Errors
    /// [`DnsError::Setup`] if `/etc/resolv.conf` is needed and cannot be read.
    pub fn new(config: &DnsConfig) -> Result<Self, DnsError> {
        let mut builder = if config.servers.is_empty() {
            TokioResolver::builder_tokio().map_err(|e| DnsError::Setup(Box::new(e)))?
        } else {
            let servers = config.servers.iter().map(name_server).collect();
            TokioResolver::builder_with_config(
                ResolverConfig::from_parts(None, Vec::new(), servers),
                TokioRuntimeProvider::default(),
            )
        };
        let options = builder.options_mut();
        options.timeout = Duration::from_millis(config.timeout_ms / 2);
        options.attempts = 2;
        let resolver = builder.build().map_err(|e| DnsError::Setup(Box::new(e)))?;
        Ok(Self {
            resolver,
            timeout_ms: config.timeout_ms,
        })
    }

    /// SRV records of `name` (`_sip._udp.example.com`); empty if there are none.
    ///
    /// # Errors
    /// [`DnsError::Timeout`] and [`DnsError::Failed`]; "no such record" is an empty list, not an error.
    pub async fn srv(&self, name: &str) -> Result<Vec<SrvRecord>, DnsError> {
        let answer = self.limited(name, self.resolver.srv_lookup(absolute(name))).await?;
        let records = answer.iter().flat_map(|a| a.answers());
        Ok(records
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some(SrvRecord {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    target: srv.target.to_utf8().trim_end_matches('.').to_owned(),
                }),
                _ => None,
            })
            .collect())
    }

    /// Addresses of `host`, both families; empty if there are none. An address in text is returned as it is.
    ///
    /// # Errors
    /// As [`Dns::srv`].
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![address]);
        }
        let answer = self.limited(host, self.resolver.lookup_ip(absolute(host))).await?;
        Ok(answer.map(|a| a.iter().collect()).unwrap_or_default())
    }

    async fn limited<T>(
        &self,
        name: &str,
        lookup: impl Future<Output = Result<T, NetError>>,
    ) -> Result<Option<T>, DnsError> {
        let limit = Duration::from_millis(self.timeout_ms);
        match tokio::time::timeout(limit, lookup).await {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(error)) if error.is_no_records_found() => Ok(None),
            Ok(Err(error)) => Err(DnsError::Failed {
                name: name.to_owned(),
                source: Box::new(error),
            }),
            Err(_) => Err(DnsError::Timeout {
                name: name.to_owned(),
                timeout_ms: self.timeout_ms,
            }),
        }
    }
}

/// Names of trunks are whole: no search list is to be tried behind them. Host files want no closing dot, so names
/// without any dot (`localhost`) stay as they are.
fn absolute(name: &str) -> String {
    if name.contains('.') && !name.ends_with('.') {
        format!("{name}.")
    } else {
        name.to_owned()
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    NameServerConfig::new(
        address.ip(),
        true,
        vec![on_port(ConnectionConfig::udp()), on_port(ConnectionConfig::tcp())],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UdpSocket;

    /// A name server of one answer: repeats the question and appends `record` (or says NXDOMAIN).
    async fn name_server_saying(record: Option<Vec<u8>>) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut query = [0; 512];
            while let Ok((_, from)) = socket.recv_from(&mut query).await {
                let mut end = 12;
                while query[end] != 0 {
                    end += usize::from(query[end]) + 1;
                }
                let question = &query[12..end + 5];
                let mut reply = vec![query[0], query[1], 0x81, 0x80];
                reply[3] |= if record.is_some() { 0 } else { 3 };
                reply.extend([0, 1, 0, u8::from(record.is_some()), 0, 0, 0, 0]);
                reply.extend(question);
                reply.extend(record.clone().unwrap_or_default());
                let _ = socket.send_to(&reply, from).await;
            }
        });
        address
    }

    fn asking(server: SocketAddr, timeout_ms: u64) -> Dns {
        Dns::new(&DnsConfig {
            servers: vec![server],
            timeout_ms,
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_carrier_publishes_its_port_by_srv() {
        // name = pointer to the question, type 33, class IN, TTL 60, length, priority 10, weight 20, port 5070, target
        let mut record = vec![0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 23];
        record.extend([0, 10, 0, 20, 0x13, 0xCE]);
        record.extend(b"\x03sbc\x07example\x03com\x00");
        let dns = asking(name_server_saying(Some(record)).await, 4_000);
        let expected = SrvRecord {
            priority: 10,
            weight: 20,
            port: 5070,
            target: "sbc.example.com".to_owned(),
        };
        assert_eq!(dns.srv("_sip._udp.example.com").await.unwrap(), [expected]);
    }

    #[tokio::test]
    async fn a_name_that_is_none_gives_an_empty_list() {
        let dns = asking(name_server_saying(None).await, 4_000);
        assert!(dns.srv("_sip._udp.nowhere.example.com").await.unwrap().is_empty());
        assert!(dns.addresses("nowhere.example.com").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_silent_name_server_costs_no_more_than_the_limit() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = asking(silent.local_addr().unwrap(), 200);
        assert!(dns.srv("_sip._udp.example.com").await.is_err());
    }

    #[tokio::test]
    async fn an_address_needs_no_server() {
        let dns = asking("127.0.0.1:9".parse().unwrap(), 200);
        let expected: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(dns.addresses("[2001:db8::1]").await.unwrap(), [expected]);
    }
}
