//! What a packet costs: 100 sockets at 50 packets/s, sent and relayed, by each implementation. Run by hand:
//! `cargo test --release --lib -- --ignored --nocapture measure`.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::*;

const SOCKETS: usize = 100;
const TICKS: u32 = 20;
const RUNS: u32 = 40;

fn thread_cpu_us() -> f64 {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    t.tv_sec as f64 * 1e6 + t.tv_nsec as f64 / 1e3
}

fn sockets(io: &mut dyn PacketIo, pace: Pace) -> Vec<(SocketKey, SocketAddr)> {
    let adopt = |tag| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        (io.adopt(socket, tag, pace).unwrap(), address)
    };
    (0..SOCKETS as u64).map(adopt).collect()
}

/// CPU µs of the sending thread for each packet; the sinks are never read and their buffers stay full after a while,
/// which is cheap and the same for all.
fn sending(io: &mut dyn PacketIo) -> f64 {
    let ours = sockets(io, Pace::Lazy);
    let sinks: Vec<UdpSocket> = (0..SOCKETS).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let mut queue = SendQueue::default();
    let before = thread_cpu_us();
    for _ in 0..TICKS {
        io.wait(Some(Duration::from_millis(5))).unwrap();
        io.harvest(Pace::Lazy, &mut |_, _, _| {});
        for ((key, _), sink) in ours.iter().zip(&sinks) {
            queue.push(*key, sink.local_addr().unwrap(), &[0; 172]);
        }
        io.flush(&mut queue);
    }
    (thread_cpu_us() - before) / f64::from(TICKS) / SOCKETS as f64
}

/// CPU µs of the relay for each packet received and sent on; all 100 arrive together.
fn relaying(io: &mut dyn PacketIo) -> f64 {
    let ours = sockets(io, Pace::Eager);
    let source = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut queue = SendQueue::default();
    let (mut cpu, mut packets) = (0.0, 0);
    for _ in 0..TICKS {
        for (_, address) in &ours {
            source.send_to(&[0; 172], address).unwrap();
        }
        let before = thread_cpu_us();
        io.wait(None).unwrap();
        packets += io.harvest(Pace::Eager, &mut |tag, _, bytes| {
            queue.push(ours[(tag as usize + 1) % SOCKETS].0, sink, bytes);
        });
        io.flush(&mut queue);
        cpu += thread_cpu_us() - before;
    }
    cpu / packets as f64
}

/// The least of many short runs: other work on the machine can only add.
#[test]
#[ignore = "a measurement, not a test"]
#[expect(clippy::print_stderr, reason = "it prints figures")]
fn measure() {
    let mut least = [f64::MAX; 4];
    for _ in 0..RUNS {
        let mut epoll = EpollIo::new(Arc::default()).unwrap();
        let mut uring = UringIo::new(Arc::default()).unwrap();
        least[0] = least[0].min(sending(&mut epoll));
        least[1] = least[1].min(sending(&mut uring));
        let mut epoll = EpollIo::new(Arc::default()).unwrap();
        let mut uring = UringIo::new(Arc::default()).unwrap();
        least[2] = least[2].min(relaying(&mut epoll));
        least[3] = least[3].min(relaying(&mut uring));
    }
    let [send_epoll, send_uring, relay_epoll, relay_uring] = least;
    eprintln!("CPU µs a packet: send  epoll {send_epoll:.2}, io_uring {send_uring:.2}");
    eprintln!("CPU µs a packet: relay epoll {relay_epoll:.2}, io_uring {relay_uring:.2}");
}
