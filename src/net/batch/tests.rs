//! One contract, told twice: by epoll and by io_uring.

use std::sync::atomic::Ordering::Relaxed;

use super::*;

fn socket(address: &str) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_nonblocking(true).unwrap();
    let local = socket.local_addr().unwrap();
    (socket, local)
}

/// Runs a story with each implementation that this machine has.
fn with_both(story: impl Fn(&mut dyn PacketIo, &IoGauges)) {
    let gauges = Arc::new(IoGauges::default());
    story(&mut EpollIo::new(Arc::clone(&gauges)).unwrap(), &gauges);
    let gauges = Arc::new(IoGauges::default());
    match UringIo::new(Arc::clone(&gauges)) {
        Ok(mut io) => story(&mut io, &gauges),
        Err(error) => eprintln_once(&error),
    }
}

#[expect(clippy::print_stderr, reason = "a test that did less than its name says has to tell")]
fn eprintln_once(error: &io::Error) {
    eprintln!("io_uring is not to be had here: {error}");
}

fn harvest(io: &mut dyn PacketIo, pace: Pace) -> Vec<(u64, SocketAddr, Vec<u8>)> {
    let mut packets = Vec::new();
    io.harvest(pace, &mut |tag, from, bytes| packets.push((tag, from, bytes.to_vec())));
    packets
}

#[test]
fn each_packet_arrives_once_at_its_own_socket_in_both_families() {
    with_both(|io, gauges| {
        for home in ["127.0.0.1:0", "[::1]:0"] {
            let mut queue = SendQueue::default();
            let mut keys = Vec::new();
            for tag in 0..300_u64 {
                let (socket, address) = socket(home);
                keys.push((io.adopt(socket, tag, Pace::Lazy).unwrap(), address));
            }
            // Each sends to its neighbour: 300 is more than two batches.
            for (i, (key, _)) in keys.iter().enumerate() {
                queue.push(*key, keys[(i + 1) % keys.len()].1, format!("from {i}").as_bytes());
            }
            io.flush(&mut queue);
            assert!(queue.is_empty());
            let mut packets = harvest(io, Pace::Lazy);
            packets.sort();
            assert_eq!(packets.len(), 300);
            for (tag, from, bytes) in packets {
                let sender = (tag as usize + 299) % 300;
                assert_eq!(from, keys[sender].1);
                assert_eq!(bytes, format!("from {sender}").as_bytes());
            }
            for (key, _) in keys {
                assert!(io.release(key).is_some());
            }
        }
        assert_eq!(gauges.sent.load(Relaxed), 600);
        assert_eq!(gauges.received.load(Relaxed), 600);
    });
}

#[test]
fn a_lazy_socket_wakes_nobody_and_an_eager_one_does() {
    with_both(|io, _| {
        let (ours, address) = socket("127.0.0.1:0");
        let (stranger, _) = socket("127.0.0.1:0");
        let key = io.adopt(ours, 5, Pace::Lazy).unwrap();
        stranger.send_to(b"one", address).unwrap();
        io.wait(Some(Duration::from_millis(5))).unwrap();
        assert!(harvest(io, Pace::Eager).is_empty());
        io.set_pace(key, Pace::Eager).unwrap();
        io.wait(None).unwrap();
        assert_eq!(harvest(io, Pace::Eager)[0].2, b"one");
        stranger.send_to(b"two", address).unwrap();
        io.wait(None).unwrap();
        io.set_pace(key, Pace::Lazy).unwrap();
        assert_eq!(harvest(io, Pace::Eager)[0].2, b"two", "found before it became lazy");
        stranger.send_to(b"three", address).unwrap();
        assert_eq!(harvest(io, Pace::Lazy)[0].2, b"three");
    });
}

#[test]
fn a_burst_is_taken_in_order_and_a_giant_is_dropped() {
    with_both(|io, gauges| {
        let (ours, address) = socket("127.0.0.1:0");
        let (other, _) = socket("127.0.0.1:0");
        let (stranger, _) = socket("127.0.0.1:0");
        io.adopt(ours, 1, Pace::Lazy).unwrap();
        let other_address = other.local_addr().unwrap();
        io.adopt(other, 2, Pace::Lazy).unwrap();
        for n in 0..4_u8 {
            stranger.send_to(&[n], address).unwrap();
            stranger.send_to(&[n], other_address).unwrap();
        }
        stranger.send_to(&[9; 3000], address).unwrap();
        stranger.send_to(&[9; 3000], other_address).unwrap();
        let packets = harvest(io, Pace::Lazy);
        for tag in [1, 2] {
            let of_tag = packets.iter().filter(|p| p.0 == tag);
            let bytes: Vec<u8> = of_tag.flat_map(|p| p.2.clone()).collect();
            assert_eq!(bytes, [0, 1, 2, 3]);
        }
        assert_eq!(gauges.dropped.load(Relaxed), 2);
    });
}

#[test]
fn a_released_key_never_means_the_next_socket() {
    with_both(|io, gauges| {
        let (first, _) = socket("127.0.0.1:0");
        let (second, second_address) = socket("127.0.0.1:0");
        let (stranger, _) = socket("127.0.0.1:0");
        let old = io.adopt(first, 1, Pace::Lazy).unwrap();
        io.release(old).unwrap();
        let new = io.adopt(second, 2, Pace::Lazy).unwrap();
        assert_ne!(old, new);
        assert!(io.release(old).is_none());
        assert!(io.set_pace(old, Pace::Eager).is_err());
        let mut queue = SendQueue::default();
        for _ in 0..2 {
            queue.push(old, stranger.local_addr().unwrap(), b"of a call that is over");
        }
        io.flush(&mut queue);
        assert_eq!(gauges.sent.load(Relaxed), 0);
        stranger.send_to(b"hello", second_address).unwrap();
        assert_eq!(harvest(io, Pace::Lazy)[0].0, 2);
    });
}

#[test]
fn a_send_that_the_kernel_refuses_is_counted_and_stops_no_other() {
    with_both(|io, gauges| {
        let (ours, address) = socket("127.0.0.1:0");
        let key = io.adopt(ours, 1, Pace::Lazy).unwrap();
        let mut queue = SendQueue::default();
        queue.push(key, "[::1]:9".parse().unwrap(), b"wrong family");
        queue.push(key, address, b"right");
        queue.push(key, "127.0.0.1:0".parse().unwrap(), b"port 0");
        io.flush(&mut queue);
        assert_eq!(harvest(io, Pace::Lazy)[0].2, b"right");
        assert_eq!((gauges.sent.load(Relaxed), gauges.send_errors.load(Relaxed)), (1, 2));
    });
}

#[test]
fn a_queue_that_nobody_empties_stays_bounded() {
    with_both(|io, gauges| {
        let (ours, _) = socket("127.0.0.1:0");
        let (sink, to) = socket("127.0.0.1:0");
        let key = io.adopt(ours, 1, Pace::Lazy).unwrap();
        let mut queue = SendQueue::default();
        for _ in 0..8_200 {
            queue.push(key, to, b"x");
        }
        io.flush(&mut queue);
        assert_eq!(gauges.dropped.load(Relaxed), 8);
        drop(sink);
    });
}

#[test]
fn the_bell_of_another_thread_ends_the_sleep() {
    with_both(|io, _| {
        let waker = io.waker();
        let ringer = std::thread::spawn(move || waker.wake());
        io.wait(None).unwrap();
        ringer.join().unwrap();
        assert!(harvest(io, Pace::Eager).is_empty());
    });
}

#[test]
fn auto_always_finds_a_way() {
    assert!(open(Backend::Auto, Arc::default()).is_ok());
}
