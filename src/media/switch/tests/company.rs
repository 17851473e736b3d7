//! Who hears whom: conference, listening, whispering, barging in; announcements, keys, holding.

use super::*;
use crate::kernel::Digit;

#[test]
fn three_in_a_mix_hear_the_two_others_and_not_themselves_in_either_law() {
    let laws = [Law::A, Law::Mu, Law::A];
    let mut office = Office::of(TONES.into_iter().zip(laws).map(|(tone, law)| (law, Voice::Tone(tone))));
    office.mix_all();
    office.ms(200);
    office.listen_anew();
    office.ms(1_000);
    for listener in 0..3 {
        let shares = office.shares(listener);
        for (speaker, share) in shares.into_iter().enumerate() {
            let expected = if speaker == listener { 0.0..0.01 } else { 0.48..0.52 };
            assert!(expected.contains(&share), "{listener} hears {speaker}: {shares:?}");
        }
        let payload_type = office.parties[listener].params.payload_type;
        assert!(
            office
                .audio(listener)
                .iter()
                .all(|(_, p)| p.payload_type == payload_type)
        );
        assert!((49..=51).contains(&office.audio(listener).len()), "a packet each 20 ms");
    }
}

/// A supervisor's ways into a conversation, one after the other, without anybody being parted.
#[test]
fn listening_whispering_and_barging_in() {
    let mut office = Office::of_three();
    office.bridge(CITIZEN, AGENT);
    office.ms(300);
    type Way = (&'static [usize], &'static [usize], [[bool; 3]; 3]);
    let ways: [Way; 3] = [
        (
            &[1],
            &[0],
            [[false, true, false], [true, false, false], [true, true, false]],
        ),
        (
            &[1],
            &[0, 2],
            [[false, true, false], [true, false, true], [true, true, false]],
        ),
        (
            &[1, 2],
            &[0, 2],
            [[false, true, true], [true, false, true], [true, true, false]],
        ),
    ];
    for (citizen, agent, expected) in ways {
        office.mix(&[(CITIZEN, citizen), (AGENT, agent), (THIRD, &[0, 1])]);
        office.ms(200);
        office.listen_anew();
        office.ms(500);
        let hears = [0, 1, 2].map(|party| office.hears(party));
        assert_eq!(hears, expected);
    }
    // The supervisor hangs up: the two go on.
    office.unbridge(THIRD);
    office.ms(100);
    office.listen_anew();
    office.ms(500);
    assert_eq!(
        [0, 1, 2].map(|party| office.hears(party)),
        [[false, true, false], [true, false, false], [false; 3]]
    );
}

#[test]
fn an_announcement_to_one_wins_over_the_mix_and_is_not_for_the_others() {
    let mut office = Office::of_three();
    office.mix_all();
    office.ms(500);
    office.listen_anew();
    office.play(AGENT, 1_700.0, 400);
    office.ms(400);
    let sound = office.heard(AGENT);
    assert!(tone::share(&sound, 1_700.0) > 0.9, "{}", tone::share(&sound, 1_700.0));
    for other in [CITIZEN, THIRD] {
        assert_eq!(office.hears(other).iter().filter(|h| **h).count(), 2);
        assert!(tone::share(&office.heard(other), 1_700.0) < 0.01);
    }
    office.ms(100);
    assert!(
        office
            .news
            .told
            .contains(&(id(AGENT), MediaOutput::PlayFinished(PlayId(1))))
    );
    office.listen_anew();
    office.ms(400);
    assert_eq!(
        office.hears(AGENT),
        [true, false, true],
        "and then the conversation is back"
    );
}

#[test]
fn a_key_of_one_is_passed_on_to_those_who_hear_him_as_event_or_as_tone() {
    let mut office = Office::of_three();
    let deaf_to_events = AudioParams {
        dtmf_payload_type: None,
        ..params(THIRD, Law::A)
    };
    office.negotiate(THIRD, deaf_to_events);
    office.mix(&[(CITIZEN, &[1, 2]), (AGENT, &[0]), (THIRD, &[0])]);
    office.ms(100);
    office.listen_anew();
    for n in 0..7_u16 {
        let end = if n >= 4 { 0x8A } else { 0x0A };
        let [d0, d1] = ((n + 1).min(5) * 160).to_be_bytes();
        let header = Header {
            payload_type: 101,
            marker: n == 0,
            seq: 5_000 + n,
            timestamp: 900_000,
            ssrc: 0xABC0,
        };
        let packet = [&header.to_bytes()[..], &[5, end, d0, d1]].concat();
        office
            .switch
            .receive(0, Destination::Rtp, address(0), &packet, office.now, &mut office.news);
        office.ms(20);
    }
    office.ms(200);
    let key = MediaOutput::Digit {
        digit: Digit::from_char('5').unwrap(),
        source: DigitSource::Rfc4733,
    };
    assert!(office.news.told.contains(&(id(CITIZEN), key)));
    let events = |party: usize| {
        let packets = office.parties[party].got.iter().filter_map(|(_, b)| rtp::parse(b).ok());
        packets
            .filter(|p| p.payload_type == 101)
            .map(|p| p.payload[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (events(AGENT), events(CITIZEN), events(THIRD)),
        (vec![5; 7], vec![], vec![])
    );
    let tones = office.heard(THIRD);
    assert!(
        tones
            .windows(400)
            .any(|w| tone::share(w, 770.0) > 0.3 && tone::share(w, 1_336.0) > 0.3)
    );
}

#[test]
fn parts_come_together_and_apart_in_any_order() {
    let mut office = Office::of(
        TONES
            .into_iter()
            .chain([1_350.0])
            .map(|tone| (Law::A, Voice::Tone(tone))),
    );
    let company = |office: &mut Office| {
        office.ms(100);
        office.listen_anew();
        office.ms(200);
        [0, 1, 2, 3].map(|party| {
            let sound = office.heard(party);
            let all = TONES.into_iter().chain([1_350.0]).enumerate();
            all.filter(|(_, t)| !sound.is_empty() && tone::share(&sound, *t) > 0.15)
                .map(|(i, _)| i)
                .collect::<Vec<_>>()
        })
    };
    office.bridge(0, 1);
    office.bridge(2, 3);
    assert_eq!(company(&mut office), [vec![1], vec![0], vec![3], vec![2]]);
    // One of each bridge: both bridges are over, whoever is left is alone.
    office.mix(&[(0, &[2]), (2, &[0])]);
    assert_eq!(company(&mut office), [vec![2], vec![], vec![0], vec![]]);
    office.mix(&[(0, &[1, 2, 3]), (1, &[0, 2, 3]), (2, &[0, 1, 3]), (3, &[0, 1, 2])]);
    assert_eq!(
        company(&mut office),
        [vec![1, 2, 3], vec![0, 2, 3], vec![0, 1, 3], vec![0, 1, 2]]
    );
    // Two of a mix speak alone, the mix goes on without them.
    office.bridge(0, 3);
    assert_eq!(company(&mut office), [vec![3], vec![2], vec![1], vec![0]]);
    // One of the mix is called into another company: its mix is over.
    office.mix(&[(2, &[0, 3]), (0, &[2, 3]), (3, &[0, 2])]);
    assert_eq!(company(&mut office), [vec![2, 3], vec![], vec![0, 3], vec![0, 2]]);
    office.unbridge(0); // who led the turns
    assert_eq!(company(&mut office), [vec![], vec![], vec![3], vec![2]]);
    office.unbridge(2);
    assert_eq!(company(&mut office), [const { Vec::<usize>::new() }; 4]);
    assert!(office.switch.circles.iter().all(Option::is_none));
    assert!(
        office
            .switch
            .lines
            .iter()
            .flatten()
            .all(|l| l.circle.is_none() && l.peer.is_none())
    );
}

#[test]
fn who_closes_leaves_its_company_and_absent_ones_are_left_out() {
    let mut office = Office::of_three();
    office.mix_all();
    office.ms(200);
    office.switch.farewell(id(CITIZEN), office.now, &mut office.news);
    assert_eq!(office.switch.remove(id(CITIZEN), office.now), Some(0));
    office.ms(200);
    office.listen_anew();
    office.ms(200);
    assert_eq!(
        (office.hears(1), office.hears(2)),
        ([false, false, true], [false, true, false])
    );
    assert!(!office.switch.bridge(id(0), id(1), office.now, &mut office.news));
    assert!(!office.switch.bridge(id(1), id(1), office.now, &mut office.news));
    let nobody = [id(0), id(77)];
    assert_eq!(office.switch.mix(&[(id(1), &nobody), (id(2), &[id(1)])], office.now), 2);
    office.ms(100);
    office.listen_anew();
    office.ms(200);
    assert_eq!((office.hears(1), office.hears(2)), ([false; 3], [false, true, false]));
    office.switch.unbridge(id(77), office.now);
}

#[test]
fn who_is_on_hold_is_not_dead_and_who_has_gone_is_whatever_the_company() {
    let mut office = Office::of_three();
    let silent = |direction| AudioParams {
        direction,
        ..params(AGENT, Law::A)
    };
    for party in 0..3 {
        office.command(party, MediaCommand::WatchDead(true));
    }
    for mixed in [false, true] {
        if mixed {
            office.mix_all();
        } else {
            office.bridge(CITIZEN, AGENT);
        }
        for direction in [Direction::RecvOnly, Direction::SendOnly, Direction::Inactive] {
            office.negotiate(AGENT, silent(direction));
            office.parties[AGENT].voice = Voice::Still;
            office.ms(30_000);
            assert!(office.deaths().is_empty(), "{direction:?}, mixed: {mixed}");
        }
        // Back from hold, and the cable is out.
        office.negotiate(AGENT, params(AGENT, Law::A));
        office.ms(11_000);
        assert_eq!(office.deaths(), [(id(AGENT), MediaOutput::Dead)]);
        office.parties[AGENT].voice = Voice::Tone(TONES[AGENT]);
        office.ms(100);
        assert_eq!(office.deaths()[1..], [(id(AGENT), MediaOutput::Alive)]);
        office.news.told.clear();
    }
}

#[test]
fn silence_is_sent_as_silence_and_no_stream_as_no_stream() {
    let mut office = Office::of([Voice::Of(|_| 0), Voice::Still, Voice::Still].map(|v| (Law::A, v)));
    office.mix_all();
    office.ms(300);
    office.listen_anew();
    office.ms(500);
    assert!(
        office
            .audio(AGENT)
            .iter()
            .all(|(_, p)| p.payload == [g711::SILENCE_A; 160])
    );
    assert!((24..=26).contains(&office.audio(AGENT).len()));
    assert!(office.audio(CITIZEN).is_empty(), "the others have no streams");
}

proptest::proptest! {
    /// Whatever is ordered in whatever order: nobody is in two companies, and who is alone has no open ear.
    #[test]
    fn any_orders_leave_the_house_in_order(orders in proptest::collection::vec((0_u8..8, 0_u64..5, 0_u64..5, 0_u64..5), 1..60)) {
        let mut office = Office::of([400.0; 4].map(|tone| (Law::A, Voice::Tone(tone))));
        for (order, a, b, c) in orders {
            let [a, b, c] = [a, b, c].map(|n| MediaId(100 + n)); // 104 is nobody
            let now = office.now;
            match order {
                0 => drop(office.switch.bridge(a, b, now, &mut office.news)),
                1 => office.switch.unbridge(a, now),
                2 => drop(office.switch.mix(&[(a, &[b, c]), (b, &[a]), (c, &[b, a])], now)),
                3 => drop(office.switch.mix(&[(a, &[b])], now)),
                4 => office.switch.record_call(a, Duration::from_millis(500), now),
                5 => office.switch.mask(a, b == c),
                6 => office.switch.end_record(a, now),
                _ => office.ms(30),
            }
            let lines: Vec<_> = office.switch.lines.iter().flatten().collect();
            for (i, line) in lines.iter().enumerate() {
                let i = i as u32;
                if let Some(peer) = line.peer {
                    assert_eq!(lines[peer as usize].peer, Some(i));
                    let taped = line.tape.is_some() || lines[peer as usize].tape.is_some();
                    assert_eq!(line.circle.is_some(), taped);
                }
                let memberships = office.switch.circles.iter().flatten().filter(|c| c.members.contains(&i)).count();
                assert_eq!(memberships, usize::from(line.circle.is_some()));
                if line.circle.is_none() && line.tape.is_none() {
                    assert!(line.session.unheard().is_empty());
                }
            }
        }
        office.ms(200);
        for tape in office.news.tapes.values() {
            assert_eq!(tape.len() % TAPE_FRAME_BYTES, 0);
        }
    }
}
