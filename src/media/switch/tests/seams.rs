//! From bridge to mix and back while people speak: one stream for the far side, no click, no word lost.

use super::*;

/// Sequence numbers and timestamps of what a party got go on one by one, from one source.
fn assert_one_stream(office: &Office, party: usize) {
    let packets = office.audio(party);
    for pair in packets.windows(2) {
        let (before, after) = (&pair[0].1, &pair[1].1);
        assert_eq!(after.ssrc, before.ssrc);
        assert_eq!(after.seq, before.seq.wrapping_add(1));
        assert_eq!(after.timestamp, before.timestamp.wrapping_add(160), "at #{}", after.seq);
        assert!(!after.marker, "no new talkspurt at #{}", after.seq);
    }
}

/// The citizen's numbered frames as they came to a party: the octet at 3/4 of each, where no seam reaches.
fn numbers(office: &Office, party: usize) -> Vec<u8> {
    office.audio(party).iter().map(|(_, p)| p.payload[120]).collect()
}

#[test]
fn between_bridge_and_mix_no_word_is_lost_and_the_stream_goes_on() {
    // Each phase of the change against packets and turns, in steps of 3 ms.
    for shift in (0..20).step_by(3) {
        let mut office = Office::of([Voice::Counting, Voice::Tone(650.0), Voice::Still].map(|v| (Law::A, v)));
        office.bridge(CITIZEN, AGENT);
        office.ms(400 + shift);
        office.listen_anew();
        office.ms(200);
        office.mix_all();
        office.ms(400);
        office.bridge(CITIZEN, AGENT);
        office.ms(200);
        for party in [CITIZEN, AGENT] {
            assert_one_stream(&office, party);
        }
        let heard = numbers(&office, AGENT);
        let mut next = (0..60).find(|n| count_octet(*n) == heard[0]).unwrap();
        let mut made = 0;
        for octet in &heard {
            if *octet == count_octet(next) {
                next += 1;
            } else {
                made += 1; // a frame that fills the time between
            }
        }
        assert!(made <= 2, "shift {shift}: lost or made up: {heard:?}");
        assert!((39..=41).contains(&heard.len()), "{}", heard.len());
    }
}

#[test]
fn nothing_clicks_at_the_seams() {
    let steepest = |sound: &[i16]| {
        let steps = sound.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs());
        steps.max().unwrap()
    };
    for shift in (0..20).step_by(3) {
        let mut office = Office::of_three();
        office.bridge(CITIZEN, AGENT);
        office.ms(400 + shift);
        office.listen_anew();
        office.ms(100);
        let usual = [CITIZEN, AGENT].map(|p| steepest(&office.heard(p)));
        office.mix(&[(CITIZEN, &[1]), (AGENT, &[0]), (THIRD, &[0, 1])]);
        office.ms(100);
        office.bridge(CITIZEN, AGENT);
        office.ms(100);
        for (party, usual) in [CITIZEN, AGENT].into_iter().zip(usual) {
            let sound = office.heard(party);
            assert!(
                steepest(&sound) < 2 * usual,
                "shift {shift}: {} against {usual}",
                steepest(&sound)
            );
            let loud = |frame: &[i16]| tone::energy(frame) > frame.len() as f32 * 2_000.0 * 2_000.0;
            assert!(sound.chunks(160).all(loud), "a hole");
        }
    }
}

#[test]
fn a_mix_adds_less_than_a_turn_and_always_the_same() {
    for shift in 0..20 {
        let mut office = Office::of([Voice::Counting, Voice::Still, Voice::Still].map(|v| (Law::A, v)));
        office.parties[CITIZEN].next_packet = office.now + Duration::from_millis(shift);
        office.parties[CITIZEN].begun = office.parties[CITIZEN].next_packet;
        office.mix_all();
        office.ms(1_000);
        office.listen_anew();
        let begun = office.parties[CITIZEN].begun;
        office.ms(2_000);
        let mut waits: Vec<Duration> = Vec::new();
        for (at, packet) in office.audio(AGENT) {
            let said = (0..).map(|n| (n, begun + n * Duration::from_millis(20)));
            let numbers = said.take_while(|(_, said)| *said <= at).map(|(n, _)| n);
            let n = numbers
                .filter(|n| count_octet(*n) == packet.payload[120])
                .last()
                .unwrap();
            waits.push(at.since(begun + n * Duration::from_millis(20)));
        }
        assert_eq!(waits.len(), 100);
        assert!(waits[0] <= Duration::from_millis(20), "shift {shift}: {:?}", waits[0]);
        assert!(waits.iter().all(|wait| *wait == waits[0]), "constant");
    }
}

/// After an hour on a bridge the telephone's clock may be half a second away from ours; whoever listens follows it, and an
/// announcement or a mix that leapt back to our clock would be heard half a second late, or not at all.
#[test]
fn after_long_drift_a_mix_goes_on_where_the_bridge_was() {
    for rate in [0.97, 1.03] {
        let mut office = Office::of_three();
        office.parties[CITIZEN].rate = rate;
        office.bridge(CITIZEN, AGENT);
        office.ms(12_000); // 360 ms of drift
        office.listen_anew();
        office.ms(100);
        office.mix_all();
        office.ms(200);
        assert_one_stream(&office, AGENT);
        office.bridge(CITIZEN, AGENT);
        office.ms(200);
        assert_one_stream(&office, AGENT);
    }
}
