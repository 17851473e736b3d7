//! Calls as the worker serves them: real sockets on loopback, real time, short.

mod company;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::*;
use crate::kernel::{Direction, Law, Mono, PlayId};

use crate::media::{Clip, g711, rtp, tone};
use crate::net::ports::{PortConfig, PortPool};

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn monotonic() -> Mono {
    let t = clock_gettime(ClockId::Monotonic);
    Mono::from_nanos(t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64)
}

fn clock() -> Clock {
    Arc::new(monotonic)
}

/// A recording: its octets so far, and whether it is complete.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<(Vec<u8>, bool)>>);

impl FrameSink for Tape {
    fn frames(&mut self, samples: &[u8]) {
        self.0.lock().unwrap().0.extend(samples);
    }
}

impl Tape {
    fn is_complete(&self) -> bool {
        (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(5));
            self.0.lock().unwrap().1
        })
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        // The worker's copy and the test's.
        if Arc::strong_count(&self.0) <= 2 {
            self.0.lock().unwrap().1 = true;
        }
    }
}

struct House {
    pool: MediaPool,
    ports: PortPool,
    events: Receiver<(MediaId, MediaOutput)>,
}

/// A pool of one worker, with ports of its own that no other test has.
fn house(backend: Backend, port_min: u16) -> House {
    let (sender, events) = channel();
    let tell: MediaEvents = Arc::new(move |id, output| {
        let _ = sender.send((id, output));
    });
    let config = MediaConfig {
        backend,
        ..MediaConfig::default()
    };
    let port_config = PortConfig {
        port_min,
        port_max: port_min + 999,
        ..PortConfig::default()
    };
    House {
        pool: MediaPool::start(&config, &clock(), &tell).unwrap(),
        ports: PortPool::new(port_config, clock(), 3).unwrap(),
        events,
    }
}

/// A far side: a plain socket, and our session that is to talk to it.
struct Phone {
    socket: UdpSocket,
    id: MediaId,
    ours: SocketAddr,
    seq: u16,
}

impl House {
    fn call(&self, id: MediaId) -> Phone {
        let socket = UdpSocket::bind((HOME, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let sockets = self.ports.take(HOME).unwrap();
        let ours = sockets.rtp.local_addr().unwrap();
        let config = SessionConfig {
            ssrc: 0x1234,
            ..SessionConfig::default()
        };
        self.pool.open(id, sockets, config).unwrap();
        let remote = socket.local_addr().unwrap();
        self.pool.negotiate(id, params(remote)).unwrap();
        Phone {
            socket,
            id,
            ours,
            seq: 0,
        }
    }

    fn event(&self) -> (MediaId, MediaOutput) {
        self.events.recv_timeout(Duration::from_secs(5)).unwrap()
    }

    fn sessions_become(&self, expected: u64) {
        for _ in 0..500 {
            if self.pool.gauges().sessions.load(Relaxed) == expected {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{:?}", self.pool.gauges());
    }
}

fn params(remote: SocketAddr) -> AudioParams {
    AudioParams {
        remote_rtp: Some(remote),
        remote_rtcp: Some(SocketAddr::new(remote.ip(), 9)),
        rtcp_mux: false,
        law: Law::A,
        payload_type: 8,
        dtmf_payload_type: Some(101),
        comfort_noise_payload_type: None,
        ptime_ms: 20,
        direction: Direction::SendRecv,
    }
}

impl Phone {
    /// The next packet with sound: its payload and when it came. The silence that opens a way through NAT is passed over.
    fn hear(&self) -> (Vec<u8>, Mono) {
        loop {
            let mut packet = [0; 1_500];
            let length = self.socket.recv(&mut packet).unwrap();
            let view = rtp::parse(&packet[..length]).unwrap();
            if view.payload.iter().any(|octet| *octet != g711::SILENCE_A) {
                return (view.payload.to_vec(), monotonic());
            }
        }
    }

    fn say(&mut self, payload: &[u8]) {
        let mut packet = vec![0x80, 8];
        packet.extend(self.seq.to_be_bytes());
        packet.extend((u32::from(self.seq) * 160).to_be_bytes());
        packet.extend([0, 0, 0, 7]);
        packet.extend(payload);
        self.seq += 1;
        self.socket.send_to(&packet, self.ours).unwrap();
    }
}

/// A tone of that many turns, in A-law; whole cycles fit a turn if the frequency is a multiple of 50 Hz.
fn tone_of(frequency_hz: f32, turns: usize) -> Vec<u8> {
    let samples = tone::tone(turns as u32 * 160, &[frequency_hz], 8_000.0);
    samples.into_iter().map(g711::encode_a).collect()
}

fn share_of(octets: &[u8], frequency_hz: f32) -> f32 {
    let samples: Vec<i16> = octets.iter().map(|o| g711::decode(Law::A, *o)).collect();
    tone::share(&samples, frequency_hz)
}

fn a_prompt_is_heard_octet_by_octet(backend: Backend, ports: u16) {
    let house = house(backend, ports);
    let phone = house.call(house.pool.allocate(1));
    let octets = tone_of(440.0, 25);
    let clip = Arc::new(Clip::new(Law::A, &octets));
    let play = MediaCommand::Play {
        id: PlayId(5),
        clips: vec![clip],
        repeat: false,
    };
    house.pool.command(phone.id, play).unwrap();
    let (mut heard, begun) = phone.hear();
    let mut ended = begun;
    while heard.len() < octets.len() {
        let (payload, at) = phone.hear();
        heard.extend(payload);
        ended = at;
    }
    assert_eq!(heard, octets);
    let took = ended.since(begun);
    assert!((400..700).contains(&took.as_millis()), "24 turns took {took:?}");
    assert_eq!(house.event(), (phone.id, MediaOutput::PlayFinished(PlayId(5))));
}

#[test]
fn a_prompt_is_heard_octet_by_octet_in_its_own_time() {
    a_prompt_is_heard_octet_by_octet(Backend::Epoll, 21_000);
    a_prompt_is_heard_octet_by_octet(Backend::Uring, 21_000);
}

fn each_hears_the_other(backend: Backend, ports: u16) {
    let house = house(backend, ports);
    let first = house.pool.allocate(9);
    let mut citizen = house.call(first);
    let mut agent = house.call(house.pool.allocate_beside(first));
    house.pool.bridge(citizen.id, agent.id).unwrap();
    house.sessions_become(2);
    std::thread::sleep(Duration::from_millis(60)); // the bridge stands
    let (low, high) = (tone_of(450.0, 1), tone_of(1_000.0, 1));
    let (mut at_agent, mut at_citizen, mut delays) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..20 {
        let said = monotonic();
        citizen.say(&low);
        let (sound, heard) = agent.hear();
        at_agent.extend(sound);
        delays.push(heard.since(said));
        agent.say(&high);
        at_citizen.extend(citizen.hear().0);
    }
    assert!(share_of(&at_agent, 450.0) > 0.9 && share_of(&at_agent, 1_000.0) < 0.1);
    assert!(share_of(&at_citizen, 1_000.0) > 0.9 && share_of(&at_citizen, 450.0) < 0.1);
    delays.sort();
    assert!(
        delays[10] < Duration::from_millis(5),
        "a bridged packet does not wait for the wheel: {delays:?}"
    );
    house.pool.unbridge(agent.id).unwrap();
    std::thread::sleep(Duration::from_millis(60));
    citizen.say(&low);
    agent.socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(
        agent.socket.recv(&mut [0; 500]).is_err(),
        "heard after the bridge was taken down"
    );
}

#[test]
fn bridged_people_hear_each_other_at_once_and_no_longer_than_they_are_bridged() {
    each_hears_the_other(Backend::Epoll, 22_000);
    each_hears_the_other(Backend::Uring, 22_000);
}

#[test]
fn a_message_is_recorded_in_its_true_length() {
    let house = house(Backend::Auto, 23_000);
    let mut phone = house.call(house.pool.allocate(2));
    let take = Take::Message {
        max: Duration::from_millis(400),
        stop_after_silence: None,
    };
    let tape = Tape::default();
    house.pool.record(phone.id, take, Box::new(tape.clone())).unwrap();
    for _ in 0..10 {
        phone.say(&tone_of(600.0, 1));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(matches!(house.event(), (_, MediaOutput::RecordingStopped(_))));
    let octets = tape.0.lock().unwrap().0.clone();
    let frames: Vec<&[u8]> = octets.chunks(160).collect();
    assert_eq!(frames.len(), 20);
    // What the buffer conceals after the last packet fades out.
    let loud = |frame: &[u8]| frame.iter().any(|octet| g711::decode(Law::A, *octet) > 7_500);
    let with_sound = frames
        .iter()
        .filter(|frame| share_of(frame, 600.0) > 0.7 && loud(frame))
        .count();
    assert!(
        (6..=14).contains(&with_sound),
        "10 frames were said, {with_sound} are there"
    );
    house.pool.finish_recording(phone.id);
    assert!(tape.is_complete());
    let (reply, answer) = channel();
    let tell: QualityReply = Box::new(move |quality| reply.send(quality).unwrap());
    house.pool.quality(phone.id, tell).unwrap();
    house.pool.close(phone.id);
    assert_eq!(
        answer.recv_timeout(Duration::from_secs(5)).unwrap().packets_received,
        10
    );
}

/// Sockets of this process on ports of the range; other tests have other ranges. The kernel's table is not read in one go:
/// while other processes open and close sockets, lines may be missed, so it is read until it says `expected`, or for seconds.
fn sockets_become(expected: usize, range: &std::ops::Range<u16>) -> bool {
    (0..200).any(|_| {
        let right = sockets_in(range) == expected;
        if !right {
            std::thread::sleep(Duration::from_millis(20));
        }
        right
    })
}

fn sockets_in(range: &std::ops::Range<u16>) -> usize {
    let links = std::fs::read_dir("/proc/self/fd").unwrap();
    let ours: Vec<String> = links
        .filter_map(|link| std::fs::read_link(link.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = std::fs::read_to_string("/proc/self/net/udp").unwrap();
    let on_our_port = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let port = fields[1].rsplit(':').next().map(|hex| u16::from_str_radix(hex, 16));
        matches!(port, Some(Ok(port)) if range.contains(&port)) && ours.iter().any(|inode| inode == fields[9])
    };
    table.lines().skip(1).filter(on_our_port).count()
}

#[test]
fn two_hundred_calls_come_and_go_and_leave_nothing_open() {
    for backend in [Backend::Epoll, Backend::Uring] {
        let house = house(backend, 24_000);
        let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = descriptors();
        let mut ids = Vec::new();
        for group in 0..200 {
            let id = house.pool.allocate(group);
            let sockets = house.ports.take(HOME).unwrap();
            house.pool.open(id, sockets, SessionConfig::default()).unwrap();
            ids.push(id);
        }
        house.sessions_become(200);
        assert!(sockets_become(400, &(24_000..25_000)));
        for pair in ids.chunks(2) {
            house.pool.bridge(pair[0], pair[1]).unwrap();
        }
        for id in ids {
            house.pool.close(id);
        }
        house.sessions_become(0);
        assert!(sockets_become(0, &(24_000..25_000)));
        assert_eq!(house.ports.in_use(HOME), 0);
        // nextest gives each test a process of its own; under `cargo test` others open files meanwhile.
        if std::env::var_os("NEXTEST").is_some() {
            assert_eq!(descriptors(), before);
        }
    }
}

#[test]
fn the_far_side_is_told_good_bye() {
    let house = house(Backend::Auto, 25_000);
    let rtcp = UdpSocket::bind((HOME, 0)).unwrap();
    rtcp.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let phone = house.call(house.pool.allocate(4));
    let mut agreed = params(phone.socket.local_addr().unwrap());
    agreed.remote_rtcp = Some(rtcp.local_addr().unwrap());
    house.pool.negotiate(phone.id, agreed).unwrap();
    std::thread::sleep(Duration::from_millis(60));
    house.pool.close(phone.id);
    let mut packet = [0; 1_500];
    let length = rtcp.recv(&mut packet).unwrap();
    assert!(packet[..length].windows(2).any(|w| w == [0x81, 203]), "no RTCP BYE");
}

#[test]
fn an_idle_pool_costs_nothing_and_wakes_for_its_first_call() {
    let house = house(Backend::Auto, 27_000);
    std::thread::sleep(Duration::from_millis(100));
    let begun = monotonic();
    let sockets = house.ports.take(HOME).unwrap();
    let id = house.pool.allocate(1);
    house.pool.open(id, sockets, SessionConfig::default()).unwrap();
    house.sessions_become(1);
    assert!(monotonic().since(begun) < Duration::from_secs(2));
}

#[test]
fn orders_beyond_the_limit_are_refused_but_never_a_closing() {
    let (sender, _events) = channel();
    let tell: MediaEvents = Arc::new(move |id, output| {
        let _ = sender.send((id, output));
    });
    let config = MediaConfig {
        orders_max: 0,
        ..MediaConfig::default()
    };
    let pool = MediaPool::start(&config, &clock(), &tell).unwrap();
    let id = pool.allocate(1);
    assert_eq!(pool.unbridge(id), Err(MediaError::Overloaded));
    pool.close(id); // of a session that never was
}

#[test]
fn a_session_is_small() {
    let line = size_of::<floor::Line>();
    assert!(line <= 2_048, "{line} bytes");
}

#[test]
fn the_pool_is_shared_by_all_shards() {
    const fn shared<T: Send + Sync>() {}
    shared::<MediaPool>();
    shared::<PortPool>();
}
