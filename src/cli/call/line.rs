//! The telephone's line: sockets and the clock around the pure [`Phone`].

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket as StdUdpSocket};
use std::task::Poll;
use std::time::Duration;

use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UdpSocket};

use crate::call::LocalRtp;
use crate::call::phone::{Action, Phone, PhoneCommand, PhoneConfig, Report};
use crate::engine::clock;
use crate::kernel::{Law, Mono};
use crate::sip::message::{Frame, Host, NameAddr, StreamFramer, Uri};
use crate::sip::ua::Credentials;
use crate::sip::{Flow, Transport};

/// How long the registrar may take to let us go.
const FAREWELL: Duration = Duration::from_secs(2);

/// One telephone, and whom it calls.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Call {
    /// Whom it calls at once; without it the server is still the one of this address.
    pub uri: String,
    /// Call it now.
    pub dials: bool,
    /// Register there, each time for so many seconds, and stay for one call after the other.
    pub registers: Option<u32>,
    /// Calls at once.
    pub lines: usize,
    /// Pick up by itself after so long.
    pub answers_after: Option<Duration>,
    /// Hum this tone while in a call, hertz.
    pub hums: Option<f64>,
    /// Who.
    pub from: String,
    /// Our address.
    pub local: Option<IpAddr>,
    /// Codecs.
    pub laws: Vec<Law>,
    /// No offer in the INVITE.
    pub late_offer: bool,
    /// `user:password`.
    pub account: Option<String>,
    /// Print the messages.
    pub verbose: bool,
}

impl Call {
    /// A usual telephone that calls at once.
    pub(in crate::cli) fn new(uri: &str, from: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            dials: true,
            registers: None,
            lines: 1,
            answers_after: None,
            hums: None,
            from: from.to_owned(),
            local: None,
            laws: vec![Law::A, Law::Mu],
            late_offer: false,
            account: None,
            verbose: false,
        }
    }
}

/// What came of it.
pub(in crate::cli) struct Heard {
    /// What happened.
    pub report: Report,
    /// What was heard, A-law.
    pub sound: Vec<u8>,
}

/// The way of SIP messages.
enum Sip {
    Udp(UdpSocket),
    Tcp(TcpStream, Box<StreamFramer>),
}

/// The sockets of one telephone.
pub(in crate::cli) struct Line {
    sip: Sip,
    local: SocketAddr,
    /// A pair of RTP and RTCP for each call at once.
    sound: Vec<(UdpSocket, UdpSocket)>,
    verbose: bool,
}

/// Places a call and follows the script to its end.
pub(in crate::cli) async fn place(call: &Call, script: Vec<Action>) -> Result<Heard, Box<dyn std::error::Error>> {
    let uri = Uri::parse(&call.uri).map_err(|e| format!("{}: {e}", call.uri))?;
    let (remote, transport) = super::target(&uri)?;
    let local = local_address(call.local, remote)?;
    let sip = match transport {
        Transport::Udp => Sip::Udp(UdpSocket::bind((local, 0)).await?),
        Transport::Tcp => Sip::Tcp(TcpStream::connect(remote).await?, Box::new(StreamFramer::new())),
    };
    let line = Line::open(sip, call.lines.max(1), call.verbose).await?;
    let account = call.account.as_deref().and_then(|a| a.split_once(':'));
    let config = PhoneConfig {
        laws: call.laws.clone(),
        late_offer: call.late_offer,
        registers: call.registers,
        stays: call.registers.is_some(),
        answers_after: call.answers_after,
        hums: call.hums,
        account: account.map(|(user, password)| Credentials {
            username: user.into(),
            password: password.into(),
            realm: None,
        }),
        ..line.config(&call.from, remote, transport)?
    };
    let mut phone = Phone::new(config, script, clock::now());
    if call.dials {
        phone.dial(&uri, clock::now());
    }
    Ok(line.run(phone).await?)
}

impl Line {
    /// A line that waits for calls over UDP.
    pub(in crate::cli) async fn listen(local: IpAddr) -> io::Result<Self> {
        Self::open(Sip::Udp(UdpSocket::bind((local, 0)).await?), 1, false).await
    }

    async fn open(sip: Sip, lines: usize, verbose: bool) -> io::Result<Self> {
        let local = match &sip {
            Sip::Udp(socket) => socket.local_addr()?,
            Sip::Tcp(stream, _) => stream.local_addr()?,
        };
        let mut sound = Vec::new();
        for _ in 0..lines {
            sound.push(rtp_pair(local.ip()).await?);
        }
        Ok(Self {
            sip,
            local,
            sound,
            verbose,
        })
    }

    /// Our SIP address.
    pub(in crate::cli) fn address(&self) -> SocketAddr {
        self.local
    }

    /// A telephone's configuration on this line.
    pub(in crate::cli) fn config(
        &self,
        number: &str,
        remote: SocketAddr,
        transport: Transport,
    ) -> io::Result<PhoneConfig> {
        let uri = Uri::sip(Some(number), Host::from(self.local.ip()), None);
        let flow = Flow {
            transport,
            local: self.local,
            remote,
            connection: u64::from(transport == Transport::Tcp),
        };
        let seed = OsRng.try_next_u64().map_err(io::Error::other)?;
        let pair = |(rtp, rtcp): &(UdpSocket, UdpSocket)| {
            Ok(LocalRtp {
                address: self.local.ip(),
                rtp_port: rtp.local_addr()?.port(),
                rtcp_port: rtcp.local_addr()?.port(),
            })
        };
        let rtp: Vec<LocalRtp> = self.sound.iter().map(pair).collect::<io::Result<_>>()?;
        let first = *rtp.first().ok_or_else(|| io::Error::other("no line"))?;
        let mut config = PhoneConfig::new(NameAddr::new(uri), flow, first, seed);
        config.rtp = rtp;
        Ok(config)
    }

    /// Runs a telephone until its call is over; one that stays, until it has done what its script says.
    pub(in crate::cli) async fn run(mut self, mut phone: Phone) -> io::Result<Heard> {
        let (mut sip_buffer, mut sound_buffer) = (vec![0; 65_536], [0; 2_048]);
        let mut leaving: Option<Mono> = None;
        loop {
            while let Some(command) = phone.next_command() {
                match command {
                    PhoneCommand::Sip(flow, bytes) => {
                        show(self.verbose, "→", &bytes);
                        self.sip.send(&bytes, flow.remote).await?;
                    }
                    PhoneCommand::Rtp { from, to, packet } | PhoneCommand::Rtcp { from, to, packet } => {
                        self.send_sound(from, to, &packet);
                    }
                }
            }
            if phone.is_done() && phone.open_legs() == 0 {
                break;
            }
            if phone.stays() && phone.has_done_all() && phone.open_legs() == 0 {
                match leaving {
                    None => {
                        phone.unregister(clock::now());
                        leaving = Some(clock::mono() + FAREWELL);
                        continue;
                    }
                    Some(until) if !phone.is_registered() || until <= clock::mono() => break,
                    Some(_) => {}
                }
            }
            let wake = [phone.poll_timeout(), leaving]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or_else(|| clock::mono() + Duration::from_secs(1));
            tokio::select! {
                received = self.sip.receive(&mut sip_buffer) => {
                    let (messages, flow) = received?;
                    for message in messages {
                        show(self.verbose, "←", &message);
                        phone.receive(&message, flow, clock::now());
                    }
                }
                heard = hear(&self.sound, &mut sound_buffer) => {
                    if let Ok(Packet { port, from, bytes, control }) = heard {
                        match control {
                            false => phone.receive_rtp(&sound_buffer[..bytes], port, from, clock::now()),
                            true => phone.receive_rtcp(&sound_buffer[..bytes], port, from, clock::now()),
                        }
                    }
                }
                () = tokio::time::sleep_until(clock::instant(wake)) => phone.handle_timeout(clock::now()),
                _ = tokio::signal::ctrl_c() => phone.give_up(clock::now()),
            }
        }
        let sound = std::mem::take(&mut phone.ear.heard);
        Ok(Heard {
            report: phone.into_report(),
            sound,
        })
    }
}

/// A packet of sound, in the buffer.
struct Packet {
    /// The port of ours that it came to.
    port: u16,
    from: SocketAddr,
    bytes: usize,
    /// RTCP.
    control: bool,
}

/// The next packet that comes to any of these sockets.
async fn hear(sound: &[(UdpSocket, UdpSocket)], buffer: &mut [u8]) -> io::Result<Packet> {
    std::future::poll_fn(|context| {
        for (rtp, rtcp) in sound {
            for (socket, control) in [(rtp, false), (rtcp, true)] {
                let mut room = ReadBuf::new(buffer);
                if let Poll::Ready(received) = socket.poll_recv_from(context, &mut room) {
                    let bytes = room.filled().len();
                    return Poll::Ready(received.and_then(|from| {
                        let port = socket.local_addr()?.port();
                        Ok(Packet {
                            port,
                            from,
                            bytes,
                            control,
                        })
                    }));
                }
            }
        }
        Poll::Pending
    })
    .await
}

impl Line {
    /// Sound that cannot be sent now is sound that is lost, as on any network.
    fn send_sound(&self, from: u16, to: SocketAddr, packet: &[u8]) {
        let of_port = |socket: &&UdpSocket| socket.local_addr().is_ok_and(|local| local.port() == from);
        let mut sockets = self.sound.iter().flat_map(|(rtp, rtcp)| [rtp, rtcp]);
        if let Some(socket) = sockets.find(of_port) {
            let _lost = socket.try_send_to(packet, to);
        }
    }
}

impl Sip {
    async fn send(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        match self {
            Self::Udp(socket) => socket.send_to(bytes, to).await.map(drop),
            Self::Tcp(stream, _) => stream.write_all(bytes).await,
        }
    }

    /// Whole messages, as bytes, and the way they came.
    async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<(Vec<Vec<u8>>, Flow)> {
        match self {
            Self::Udp(socket) => loop {
                match socket.recv_from(buffer).await {
                    Ok((n, remote)) => {
                        let flow = Flow {
                            transport: Transport::Udp,
                            local: socket.local_addr()?,
                            remote,
                            connection: 0,
                        };
                        return Ok((vec![buffer[..n].to_vec()], flow));
                    }
                    // An ICMP "port unreachable": the transaction's timers tell what it means.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                    Err(error) => return Err(error),
                }
            },
            Self::Tcp(stream, framer) => {
                let n = stream.read(buffer).await?;
                if n == 0 {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the server closed the connection",
                    ));
                }
                framer.push(&buffer[..n]);
                let mut messages = Vec::new();
                for frame in framer.by_ref() {
                    match frame {
                        Ok(Frame::Message(message)) => messages.push(message.to_bytes()),
                        Ok(Frame::Ping | Frame::Pong) => {}
                        Err(error) => return Err(io::Error::other(format!("{:?}", error.kind))),
                    }
                }
                let (local, remote) = (stream.local_addr()?, stream.peer_addr()?);
                Ok((
                    messages,
                    Flow {
                        transport: Transport::Tcp,
                        local,
                        remote,
                        connection: 1,
                    },
                ))
            }
        }
    }
}

fn show(verbose: bool, arrow: &str, bytes: &[u8]) {
    if verbose {
        println!("{arrow}\n{}", String::from_utf8_lossy(bytes));
    }
}

/// Our address towards the server.
fn local_address(named: Option<IpAddr>, remote: SocketAddr) -> io::Result<IpAddr> {
    if let Some(local) = named {
        return Ok(local);
    }
    let any: SocketAddr = if remote.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let probe = StdUdpSocket::bind(any)?;
    probe.connect(remote)?;
    Ok(probe.local_addr()?.ip())
}

/// An even port for RTP with the next one for RTCP (RFC 3550 §11).
async fn rtp_pair(local: IpAddr) -> io::Result<(UdpSocket, UdpSocket)> {
    for _ in 0..50 {
        let rtp = UdpSocket::bind((local, 0)).await?;
        let port = rtp.local_addr()?.port();
        if port % 2 == 0
            && let Ok(rtcp) = UdpSocket::bind((local, port + 1)).await
        {
            return Ok((rtp, rtcp));
        }
    }
    Err(io::Error::other("no pair of ports is free"))
}
