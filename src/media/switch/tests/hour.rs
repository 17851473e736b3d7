//! An hour's recording with clocks that drift apart: both sides stay together, and the hour has an hour.

use super::*;

/// Both speak without a pause, the worst case for a buffer that would like to cut in pauses, and both raise their voices for
/// 100 ms at the start of each half minute of true time.
fn raised_each_half_minute(at: Mono) -> i16 {
    if (at.as_nanos() / MS) % 30_000 < 100 {
        12_000
    } else {
        2_000
    }
}

/// Where a voice is first raised in a stretch of sound, samples.
fn onset(sound: &[i16]) -> Option<usize> {
    sound.iter().position(|s| s.unsigned_abs() > 4_000)
}

#[test]
fn an_hour_with_clocks_400_ppm_apart_and_loss_stays_together_and_has_its_length() {
    let voice = || (Law::A, Voice::Of(raised_each_half_minute));
    let mut office = Office::of([voice(), voice()]);
    (office.parties[CITIZEN].rate, office.parties[AGENT].rate) = (1.000_2, 0.999_8);
    (office.parties[CITIZEN].loss, office.parties[AGENT].loss) = (0.01, 0.01);
    office.bridge(CITIZEN, AGENT);
    office
        .switch
        .record_call(id(CITIZEN), Duration::from_secs(7_200), office.now);
    let begun = office.now;
    office.ms(3_600_000);
    office.assert_length(CITIZEN, 3_600_000);
    let mut found = 0;
    for half_minute in 1..119 {
        let raised = (begun.as_nanos() / MS / 30_000 + 1 + half_minute) * 30_000 - begun.as_nanos() / MS;
        let around = office.channels(CITIZEN, raised as usize - 100, raised as usize + 200);
        // Lost at the very moment: concealed with the low voice before it.
        let (Some(left), Some(right)) = (onset(&around[0]), onset(&around[1])) else {
            continue;
        };
        found += 1;
        let apart_ms = left.abs_diff(right) / 8;
        assert!(apart_ms <= 40, "half minute {half_minute}: {apart_ms} ms apart");
        let late_ms = [left, right].map(|at| at as i64 / 8 - 100);
        assert!(
            late_ms.iter().all(|ms| (-20..=80).contains(ms)),
            "half minute {half_minute}: {late_ms:?}"
        );
    }
    assert!(found >= 116, "{found}");
}
