//! People who come together and part while they speak: the sound of each, over real sockets.

use std::sync::atomic::AtomicBool;

use super::*;

/// Their voices; whole cycles in a turn.
const VOICES: [f32; 3] = [400.0, 650.0, 1_000.0];
/// The change is through, and what was said before it has been heard.
const SETTLE: Duration = Duration::from_millis(200);
/// How often is listened again if something is not as it should be.
const CHANCES: u32 = 10;
/// Long enough to measure a tone.
const LISTEN: Duration = Duration::from_millis(300);

/// Telephones that hum without end, each on a thread, and keep what they hear.
struct Humming {
    ids: Vec<MediaId>,
    heard: Vec<Arc<Mutex<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Humming {
    fn in_house(house: &House) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut humming = Self {
            ids: Vec::new(),
            heard: Vec::new(),
            stop,
            threads: Vec::new(),
        };
        for voice in VOICES {
            let id = match humming.ids.first() {
                Some(first) => house.pool.allocate_beside(*first),
                None => house.pool.allocate(3),
            };
            let mut phone = house.call(id);
            let heard = Arc::new(Mutex::new(Vec::new()));
            let (stop, ears) = (Arc::clone(&humming.stop), Arc::clone(&heard));
            phone.socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
            let thread = move || {
                let (frame, begun) = (tone_of(voice, 1), monotonic());
                let mut packet = [0; 1_500];
                while !stop.load(Relaxed) {
                    if monotonic().since(begun) >= Duration::from_millis(20) * u32::from(phone.seq) {
                        phone.say(&frame);
                    }
                    while let Ok(length) = phone.socket.recv(&mut packet) {
                        let sound = rtp::parse(&packet[..length]).unwrap().payload;
                        ears.lock().unwrap().extend(sound);
                    }
                }
            };
            humming.threads.push(std::thread::spawn(thread));
            humming.ids.push(id);
            humming.heard.push(heard);
        }
        humming
    }

    /// Whom each hears from now on; a busy machine is given several chances.
    fn assert_company(&self, expected: &[Vec<usize>; 3], what: &str) {
        let mut company = self.listen();
        for _ in 0..CHANCES {
            if company == *expected {
                return;
            }
            company = self.listen();
        }
        panic!("{what}: {company:?} instead of {expected:?}");
    }

    fn listen(&self) -> [Vec<usize>; 3] {
        std::thread::sleep(SETTLE);
        self.heard.iter().for_each(|heard| heard.lock().unwrap().clear());
        std::thread::sleep(LISTEN);
        std::array::from_fn(|listener| {
            let sound = self.heard[listener].lock().unwrap().clone();
            voices_in(&sound)
        })
    }
}

impl Drop for Humming {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

fn voices_in(sound: &[u8]) -> Vec<usize> {
    let is_there = |voice: &f32| !sound.is_empty() && share_of(sound, *voice) > 0.2;
    let voices = VOICES.iter().enumerate();
    voices.filter(|(_, voice)| is_there(voice)).map(|(i, _)| i).collect()
}

fn hearing(ids: &[MediaId], lists: [&[usize]; 3]) -> Vec<Hearing> {
    let member = |(i, list): (usize, &&[usize])| Hearing {
        id: ids[i],
        hears: list.iter().map(|i| ids[*i]).collect(),
    };
    lists.iter().enumerate().map(member).collect()
}

#[test]
fn from_a_bridge_to_a_whisper_to_three_and_back_everybody_hears_whom_he_is_to_hear() {
    let house = house(Backend::Auto, 30_000);
    let humming = Humming::in_house(&house);
    let [citizen, agent, supervisor] = humming.ids[..] else {
        panic!("three")
    };
    house.pool.bridge(citizen, agent).unwrap();
    humming.assert_company(&[vec![1], vec![0], vec![]], "a bridge");
    house.pool.mix(hearing(&humming.ids, [&[1], &[0, 2], &[0, 1]])).unwrap();
    humming.assert_company(&[vec![1], vec![0, 2], vec![0, 1]], "the agent alone hears the whisper");
    house
        .pool
        .mix(hearing(&humming.ids, [&[1, 2], &[0, 2], &[0, 1]]))
        .unwrap();
    humming.assert_company(&[vec![1, 2], vec![0, 2], vec![0, 1]], "three");
    house.pool.bridge(citizen, supervisor).unwrap();
    humming.assert_company(&[vec![2], vec![], vec![0]], "taken over");
    house.pool.unbridge(citizen).unwrap();
    humming.assert_company(&[const { Vec::new() }; 3], "parted");
}

#[test]
fn a_call_is_recorded_on_two_sides_through_hold_and_mix_and_what_is_masked_is_not() {
    let house = house(Backend::Auto, 31_000);
    let humming = Humming::in_house(&house);
    let [citizen, agent, _] = humming.ids[..] else {
        panic!("three")
    };
    let tape = Tape::default();
    let take = Take::Call {
        max: Duration::from_secs(60),
    };
    house.pool.record(citizen, take, Box::new(tape.clone())).unwrap();
    let begun = monotonic();
    // What is on both sides of the tape from now on.
    let sides = || {
        std::thread::sleep(SETTLE);
        let from = tape.0.lock().unwrap().0.len();
        std::thread::sleep(LISTEN);
        let tape = tape.0.lock().unwrap();
        [0, 1].map(|side| tape.0[from + side..].iter().step_by(2).copied().collect::<Vec<u8>>())
    };
    let assert_voices = |expected: [&[usize]; 2]| {
        let right = |sides: [Vec<u8>; 2]| sides.map(|sound| voices_in(&sound)) == expected;
        assert!((0..CHANCES).any(|_| right(sides())), "{expected:?} is not on the tape");
    };
    house.pool.bridge(agent, citizen).unwrap();
    assert_voices([&[0], &[1]]);
    house.pool.unbridge(citizen).unwrap(); // on hold, with music
    let music = MediaCommand::Play {
        id: PlayId(9),
        clips: vec![Arc::new(Clip::new(Law::A, &tone_of(1_000.0, 50)))],
        repeat: true,
    };
    house.pool.command(citizen, music).unwrap();
    assert_voices([&[0], &[]]);
    house.pool.command(citizen, MediaCommand::StopPlaying).unwrap();
    house
        .pool
        .mix(hearing(&humming.ids, [&[1, 2], &[0, 2], &[0, 1]]))
        .unwrap();
    assert_voices([&[0], &[1, 2]]);
    house.pool.mask(citizen, true).unwrap();
    let masked = |sides: [Vec<u8>; 2]| sides.iter().flatten().all(|octet| *octet == g711::SILENCE_A);
    assert!((0..CHANCES).any(|_| masked(sides())));
    house.pool.mask(citizen, false).unwrap();
    assert_voices([&[0], &[1, 2]]);
    house.pool.finish_recording(citizen);
    assert!(tape.is_complete());
    let took = monotonic().since(begun).as_millis() as usize;
    let length = tape.0.lock().unwrap().0.len() / 16;
    assert!(length <= took + 40 && length + 1_200 > took, "{length} ms of {took} ms");
}
