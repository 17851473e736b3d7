//! A call's recording: left the citizen, right the people, through everything that happens to a call.

use super::*;

const WHOLE_DAY: Duration = Duration::from_secs(24 * 3_600);

/// Which of the tones each channel holds in a part of the citizen's tape; 1,700 Hz is a prompt.
fn in_part(office: &Office, from_ms: usize, to_ms: usize) -> [Vec<usize>; 2] {
    office.channels(CITIZEN, from_ms, to_ms).map(|sound| {
        let tones = TONES.into_iter().chain([1_700.0]).enumerate();
        tones
            .filter(|(_, tone)| tone::share(&sound, *tone) > 0.15)
            .map(|(i, _)| i)
            .collect()
    })
}

#[test]
fn both_sides_are_recorded_through_bridge_hold_mix_and_parting() {
    let mut office = Office::of_three();
    office.switch.record_call(id(CITIZEN), WHOLE_DAY, office.now);
    office.ms(1_000); // alone
    office.bridge(CITIZEN, AGENT);
    office.ms(1_000);
    office.unbridge(CITIZEN); // hold, with music
    office.play(CITIZEN, 1_700.0, 1_000);
    office.ms(1_000);
    office.mix_all();
    office.ms(1_000);
    office.mix(&[(CITIZEN, &[1]), (AGENT, &[0, 2]), (THIRD, &[0, 1])]); // a whisper
    office.ms(1_000);
    office.bridge(CITIZEN, THIRD); // transferred
    office.ms(1_000);
    office.play(CITIZEN, 1_700.0, 1_000); // an announcement over the bridge
    office.ms(1_000);
    let expected: [[Vec<usize>; 2]; 7] = [
        [vec![0], vec![]],
        [vec![0], vec![1]],
        [vec![0], vec![]],
        [vec![0], vec![1, 2]],
        [vec![0], vec![1]],
        [vec![0], vec![2]],
        [vec![0], vec![2]],
    ];
    for (second, expected) in expected.into_iter().enumerate() {
        let part = in_part(&office, second * 1_000 + 150, second * 1_000 + 950);
        assert_eq!(part, expected, "second {second}");
    }
    office.assert_length(CITIZEN, 7_000);
    office.switch.farewell(id(CITIZEN), office.now, &mut office.news);
    let stopped = (id(CITIZEN), MediaOutput::RecordingStopped(RecordingWhy::Closed));
    assert_eq!(office.news.told.iter().filter(|told| **told == stopped).count(), 1);
}

#[test]
fn a_mask_silences_both_channels_and_keeps_the_time() {
    let mut office = Office::of_three();
    office.bridge(CITIZEN, AGENT);
    office.switch.record_call(id(CITIZEN), WHOLE_DAY, office.now);
    office.ms(1_000);
    office.switch.mask(id(CITIZEN), true);
    office.ms(500);
    office.mix_all();
    office.ms(500);
    office.switch.mask(id(CITIZEN), false);
    office.ms(1_000);
    office.assert_length(CITIZEN, 3_000);
    let masked = &office.tape(CITIZEN)[1_020 * 16..1_980 * 16];
    assert!(masked.iter().all(|octet| *octet == g711::SILENCE_A));
    assert_eq!(in_part(&office, 100, 1_000), [vec![0], vec![1]]);
    assert_eq!(in_part(&office, 2_020, 3_000), [vec![0], vec![1, 2]]);
}

#[test]
fn recording_begins_and_ends_in_the_middle_of_words_and_nobody_hears_it() {
    let mut office = Office::of([Voice::Counting, Voice::Counting].map(|v| (Law::Mu, v)));
    office.bridge(CITIZEN, AGENT);
    office.ms(500);
    office.listen_anew();
    office.ms(100);
    office.switch.record_call(id(CITIZEN), WHOLE_DAY, office.now);
    office.ms(100);
    office.switch.end_record(id(CITIZEN), office.now);
    office.ms(100);
    for party in [CITIZEN, AGENT] {
        let packets = office.audio(party);
        assert_eq!(packets.len(), 15);
        assert!(packets.windows(2).all(|w| w[1].1.seq == w[0].1.seq.wrapping_add(1)));
        assert!(
            packets
                .windows(2)
                .all(|w| w[1].0.since(w[0].0) == Duration::from_millis(20)),
            "as they come"
        );
    }
    office.assert_length(CITIZEN, 100);
    assert!(
        office
            .switch
            .lines
            .iter()
            .flatten()
            .all(|line| line.session.unheard().is_empty())
    );
}

#[test]
fn the_longest_length_ends_it_and_so_does_the_command() {
    let mut office = Office::of_three();
    let stopped = |office: &Office| {
        let whys = office.news.told.iter().filter_map(|(id, o)| match o {
            MediaOutput::RecordingStopped(why) => Some((*id, *why)),
            _ => None,
        });
        whys.collect::<Vec<_>>()
    };
    office
        .switch
        .record_call(id(CITIZEN), Duration::from_secs(1), office.now);
    office.ms(3_000);
    assert_eq!(stopped(&office), [(id(CITIZEN), RecordingWhy::MaxDuration)]);
    office.assert_length(CITIZEN, 1_000);
    office.switch.record_call(id(AGENT), WHOLE_DAY, office.now);
    office.ms(1_000);
    office.command(AGENT, MediaCommand::StopRecording);
    office.ms(1_000);
    assert_eq!(stopped(&office)[1..], [(id(AGENT), RecordingWhy::Asked)]);
    office.assert_length(AGENT, 1_000);
}

#[test]
fn a_wheel_that_was_stuck_leaves_no_time_out_of_either_channel() {
    let mut office = Office::of_three();
    office.bridge(CITIZEN, AGENT);
    office.switch.record_call(id(CITIZEN), WHOLE_DAY, office.now);
    office.ms(1_000);
    for party in &mut office.parties {
        party.next_turn = party.next_turn + Duration::from_millis(600);
    }
    office.ms(2_000);
    let length_ms = office.tape(CITIZEN).len() / 16;
    assert!((2_960..=3_020).contains(&length_ms), "{length_ms}");
    assert_eq!(in_part(&office, 2_000, 2_900), [vec![0], vec![1]]);
}

#[test]
fn in_bad_weather_the_holes_of_both_sides_are_filled() {
    let mut office = Office::of_three();
    (office.parties[CITIZEN].loss, office.parties[AGENT].loss) = (0.1, 0.1);
    office.bridge(CITIZEN, AGENT);
    office.switch.record_call(id(CITIZEN), WHOLE_DAY, office.now);
    office.ms(10_000);
    for sound in office.channels(CITIZEN, 200, 10_000) {
        let holes = sound
            .chunks(160)
            .filter(|frame| tone::energy(frame) < 160.0 * 500.0 * 500.0)
            .count();
        assert!(holes <= 3, "{holes}"); // three in a row lost: the fourth has faded out
    }
}
