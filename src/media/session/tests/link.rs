//! The sound itself, in both directions, over a bad line. Signalling that is green proves nothing (trap 8).

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::media::g711;

struct Line {
    rng: SmallRng,
    on_the_way: Vec<(Mono, Vec<u8>)>,
}

impl Line {
    fn new(seed: u64) -> Self {
        Self {
            rng: SmallRng::seed_from_u64(seed),
            on_the_way: Vec::new(),
        }
    }

    /// A tenth lost, a twentieth doubled, 20–70 ms on the way: so packets also overtake each other.
    fn put(&mut self, now: Mono, sent: &Sent) {
        if sent.port == Destination::Rtcp || self.rng.random_bool(0.1) {
            return;
        }
        for _ in 0..=u8::from(self.rng.random_bool(0.05)) {
            let arrival = now + Duration::from_millis(self.rng.random_range(20..70));
            self.on_the_way.push((arrival, sent.bytes.clone()));
        }
    }

    fn deliver(&mut self, to: &mut Leg) {
        let now = to.now;
        let mut due: Vec<_> = self.on_the_way.extract_if(.., |(at, _)| *at <= now).collect();
        due.sort_by_key(|(at, _)| *at);
        for (arrival, bytes) in due {
            to.session.handle_rtp(&bytes, at(PHONE), arrival);
        }
        to.fetch();
    }
}

fn heard(leg: &Leg) -> Vec<i16> {
    leg.told
        .iter()
        .filter_map(|o| match o {
            MediaOutput::RecordingFrame(frame) => Some(frame),
            _ => None,
        })
        .flatten()
        .map(|o| g711::decode(Law::A, *o))
        .collect()
}

#[test]
fn each_side_hears_the_other_over_a_line_that_loses_doubles_and_shuffles() {
    for seed in 0..10 {
        let (mut a, mut b) = (
            Leg::plain(),
            Leg::new(SessionConfig { ssrc: 0xB, ..config() }, params()),
        );
        let (mut there, mut back) = (Line::new(seed), Line::new(seed + 1_000));
        a.play(1, &[&clip(8_000 * 10, 440.0)]);
        b.play(1, &[&clip(8_000 * 10, 880.0)]);
        for leg in [&mut a, &mut b] {
            leg.command(MediaCommand::StartRecording {
                max: Duration::from_secs(60),
                stop_after_silence: None,
            });
        }
        for turn in 0..500 {
            if turn == 250 {
                a.command(MediaCommand::SendDigits(
                    "110".chars().filter_map(Digit::from_char).collect(),
                ));
            }
            for (leg, line) in [(&mut a, &mut there), (&mut b, &mut back)] {
                let (before, now) = (leg.sent.len(), leg.now);
                leg.tick();
                leg.sent[before..].iter().for_each(|s| line.put(now, s));
            }
            there.deliver(&mut b);
            back.deliver(&mut a);
        }
        for (leg, theirs, ours) in [(&a, 880.0, 440.0), (&b, 440.0, 880.0)] {
            let sound = heard(leg);
            assert_eq!(sound.len(), 500 * 160, "true time");
            // A second at the start, and the keys, are left out. Where the buffer adapts, the phase steps: no part is perfect.
            let parts: Vec<f32> = sound[8_000..32_000]
                .chunks(800)
                .map(|part| {
                    let share = (-2_i8..=2)
                        .map(|d| tone::share(part, theirs + f32::from(d) * 10.0))
                        .fold(0.0, f32::max);
                    assert!(
                        share > 0.1 && share > 3.0 * tone::share(part, ours),
                        "seed {seed}: {share}"
                    );
                    share
                })
                .collect();
            let mean = parts.iter().sum::<f32>() / parts.len() as f32;
            assert!(mean > 0.6, "seed {seed}: {mean}");
        }
        let keys: String = b
            .told
            .iter()
            .filter_map(|o| {
                if let MediaOutput::Digit { digit, .. } = o {
                    Some(digit.as_char())
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(keys, "110", "seed {seed}");
    }
}
