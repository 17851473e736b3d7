//! A seeded bad network in virtual time around the jitter buffer.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;

struct Network {
    loss: f64,
    duplicate: f64,
    jitter_ms: u64,
    packet_ms: u32,
}

/// What a listener got: the number of each frame played (its octets carry it), `None` for a hole.
struct Heard {
    frames: Vec<Option<u32>>,
    longest_delay: Duration,
    stats: JitterStats,
}

/// Each sample carries the number of its own 20 ms, so that a played frame tells where it came from.
fn octet_of(sample: u32) -> u8 {
    (sample / 160 % 256) as u8
}

fn listen(seed: u64, network: &Network, seconds: u32) -> Heard {
    let mut rng = SmallRng::seed_from_u64(seed);
    let first = rng.random::<u32>();
    let samples = network.packet_ms * 8;
    let mut wire: Vec<(u64, u32)> = Vec::new();
    for n in 0..seconds * 1_000 / network.packet_ms {
        if rng.random_bool(network.loss) {
            continue;
        }
        let sent_us = u64::from(n) * u64::from(network.packet_ms) * 1_000;
        for _ in 0..=u8::from(rng.random_bool(network.duplicate)) {
            wire.push((sent_us + rng.random_range(0..=network.jitter_ms * 1_000), n * samples));
        }
    }
    wire.sort_unstable();
    let mut buffer = JitterBuffer::default();
    let mut heard = Heard {
        frames: Vec::new(),
        longest_delay: Duration::ZERO,
        stats: JitterStats::default(),
    };
    let mut wire = wire.into_iter().peekable();
    for tick in 0..u64::from(seconds) * 50 {
        let now_us = tick * 20_000 + 7_000;
        while let Some((at, start)) = wire.next_if(|(at, _)| *at <= now_us) {
            let payload: Vec<u8> = (start..start + samples).map(octet_of).collect();
            buffer.push(first.wrapping_add(start), &payload, Mono::from_nanos(at * 1_000));
        }
        heard.longest_delay = heard.longest_delay.max(buffer.delay());
        heard.frames.push(match buffer.pull(Mono::from_nanos(now_us * 1_000)) {
            Pull::Frame(octets) => Some(u32::from(octets[0])),
            Pull::Lost | Pull::Empty => None,
        });
    }
    heard.stats = buffer.stats();
    heard
}

fn played(heard: &Heard) -> usize {
    heard.frames.iter().flatten().count()
}

fn assert_in_order(heard: &Heard) {
    let numbers: Vec<u32> = heard.frames.iter().flatten().copied().collect();
    for pair in numbers.windows(2) {
        let step = pair[1].wrapping_sub(pair[0]) % 256;
        assert!((1..100).contains(&step), "{} after {}", pair[1], pair[0]);
    }
}

#[test]
fn a_good_network_costs_one_packet_of_delay_and_loses_nothing() {
    for packet_ms in [10, 20, 30, 40, 60] {
        let heard = listen(
            1,
            &Network {
                loss: 0.0,
                duplicate: 0.0,
                jitter_ms: 0,
                packet_ms,
            },
            20,
        );
        assert!(played(&heard) >= 990, "{packet_ms} ms: {}", played(&heard));
        assert!(
            heard.longest_delay <= Duration::from_millis(u64::from(packet_ms) + 40),
            "{packet_ms} ms: {:?}",
            heard.longest_delay
        );
    }
}

#[test]
fn whatever_the_network_does_the_order_is_right_and_the_delay_bounded() {
    for seed in 0..30 {
        let network = Network {
            loss: 0.1,
            duplicate: 0.1,
            jitter_ms: 10 * (seed % 12),
            packet_ms: [10, 20, 30, 60][seed as usize % 4],
        };
        let heard = listen(seed, &network, 30);
        if network.packet_ms == 20 || network.packet_ms == 60 {
            assert_in_order(&heard);
        }
        assert!(
            heard.longest_delay <= Duration::from_millis(400),
            "seed {seed}: {:?}",
            heard.longest_delay
        );
        assert!(
            played(&heard) > 900,
            "seed {seed}: stuck? {} {:?}",
            played(&heard),
            heard.stats
        );
        assert_eq!(heard.stats.restarts, 0, "seed {seed}");
    }
}

#[test]
fn jitter_of_60_ms_is_learnt_and_then_little_is_late() {
    let heard = listen(
        5,
        &Network {
            loss: 0.0,
            duplicate: 0.0,
            jitter_ms: 60,
            packet_ms: 20,
        },
        60,
    );
    let late_part = heard.frames[500..].iter().filter(|f| f.is_none()).count();
    assert!(late_part < 60, "{late_part} holes in 50 s, {:?}", heard.stats);
    assert!(heard.stats.duplicate == 0);
}

#[test]
fn every_third_packet_lost_leaves_two_thirds_and_no_growing_delay() {
    let mut buffer = JitterBuffer::default();
    let mut whole = 0;
    for n in 0..900_u32 {
        if n % 3 != 2 {
            buffer.push(n * 160, &[n as u8; 160], Mono::from_nanos(u64::from(n) * 20_000_000));
        }
        whole += u32::from(matches!(
            buffer.pull(Mono::from_nanos(u64::from(n) * 20_000_000)),
            Pull::Frame(_)
        ));
        assert!(buffer.delay() <= Duration::from_millis(60));
    }
    assert!((595..=600).contains(&whole), "{whole}");
}

#[test]
fn after_a_silence_without_packets_the_delay_is_small_again() {
    let mut buffer = JitterBuffer::default();
    let mut frames = Vec::new();
    for n in 0..200_u32 {
        // Silent for 300 ms, and for 2 s.
        if !(50..65).contains(&n) && !(80..180).contains(&n) {
            buffer.push(n * 160, &[n as u8; 160], Mono::from_nanos(u64::from(n) * 20_000_000));
        }
        if let Pull::Frame(octets) = buffer.pull(Mono::from_nanos(u64::from(n) * 20_000_000)) {
            frames.push((n, u32::from(octets[0])));
        }
    }
    assert!(frames.iter().all(|(now, sent)| now - sent <= 2), "{frames:?}");
    assert!(frames.len() > 80);
}

#[test]
fn a_sender_that_sets_its_clock_back_is_heard_again() {
    let mut buffer = JitterBuffer::default();
    let mut last = 0;
    for n in 0..300_u32 {
        let timestamp = if n < 100 {
            50_000 + n * 160
        } else {
            48_000 + n * 160 - 8_000
        };
        buffer.push(timestamp, &[1; 160], Mono::from_nanos(u64::from(n) * 20_000_000));
        if matches!(buffer.pull(Mono::from_nanos(u64::from(n) * 20_000_000)), Pull::Frame(_)) {
            last = n;
        }
    }
    assert!(last >= 298);
}

#[test]
fn a_sender_with_a_clock_half_a_percent_fast_is_trimmed_bit_by_bit() {
    let mut buffer = JitterBuffer::default();
    let mut sent = 0_u32;
    for tick in 0..10_000_u64 {
        while u64::from(sent) * 19_900 <= tick * 20_000 {
            buffer.push(sent * 160, &[1; 160], Mono::from_nanos(u64::from(sent) * 19_900_000));
            sent += 1;
        }
        let now = Mono::from_nanos(tick * 20_000_000);
        buffer.pull(now);
        buffer.pull_excess(now);
        assert!(
            buffer.delay() < Duration::from_millis(50),
            "{:?} at {tick}",
            buffer.delay()
        );
    }
}
