//! What the journal lives through: kills, power cuts, torn writes, disks that are full, fail, hang or lie about a sync.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Condvar;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::live::Publisher;
use super::segment::{FrameReader, HEADER_BYTES, Header, push_frame};
use super::*;
use crate::kernel::{CallId, EventKind, Wall};
use crate::store::disk_fake::FakeDisk;

fn event(number: u64) -> Event {
    let at = Wall::from_millis(1_700_000_000_000 + i64::try_from(number).unwrap());
    let step = format!("greeting.{number}{}", "-".repeat(usize::try_from(number % 90).unwrap()));
    Event::of_call(CallId::new(at, u128::from(number)), at, EventKind::Step { step })
}

fn json(number: u64) -> Vec<u8> {
    serde_json::to_vec(&event(number)).unwrap()
}

fn small() -> JournalConfig {
    JournalConfig {
        segment_bytes: 4096,
        backlog_max_bytes: 1 << 20,
        ..JournalConfig::default()
    }
}

const DIR: &str = "/journal";

/// The parts of a journal without its thread.
struct Bench {
    disk: FakeDisk,
    writer: Writer,
    views: Views,
    health: Arc<StoreHealth>,
    recovery: Recovery,
}

impl Bench {
    fn open(disk: &FakeDisk, config: &JournalConfig) -> io::Result<Self> {
        let found = reader::recover(disk, Path::new(DIR), config)?;
        let views: Views = Arc::new(Mutex::new(found.views));
        let health = Arc::<StoreHealth>::default();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let writer = Writer::new(
            shared,
            Path::new(DIR),
            config.clone(),
            health.clone(),
            (views.clone(), Publisher::new(9)),
            found.next,
        );
        Ok(Self {
            disk: disk.clone(),
            writer,
            views,
            health,
            recovery: found.recovery,
        })
    }

    fn reader(&self, after: u64) -> JournalReader {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        JournalReader::new(disk, Path::new(DIR), self.views.clone(), self.health.clone(), after)
    }

    fn all(&self) -> Vec<Entry> {
        self.reader(0).read(usize::MAX).unwrap()
    }
}

#[test]
fn what_was_appended_is_read_back_in_order_over_many_segments() {
    let disk = FakeDisk::new(1, 1 << 30);
    let mut bench = Bench::open(&disk, &small()).unwrap();
    for n in 1..=200 {
        assert!(bench.writer.push(&event(n)));
        if n % 7 == 0 {
            bench.writer.commit().unwrap();
        }
    }
    bench.writer.commit().unwrap();
    let all = bench.all();
    assert_eq!(all.len(), 200);
    for (n, entry) in (1..).zip(&all) {
        assert_eq!((entry.seq, &entry.payload), (n, &json(n)));
    }
    assert!(lock(&bench.views).len() > 5);
}

#[test]
fn a_tail_cut_at_any_byte_keeps_every_whole_frame_before_it() {
    let header = Header {
        number: 7,
        first_seq: 1,
    };
    let mut bytes = header.to_bytes().to_vec();
    let mut ends = vec![bytes.len()];
    for n in 1..=5 {
        push_frame(&mut bytes, 7, n, &json(n));
        ends.push(bytes.len());
    }
    for cut in HEADER_BYTES..=bytes.len() {
        for tail in [&[][..], &[0; 40], &[0xFF; 40]] {
            let disk = FakeDisk::new(1, 1 << 20);
            let file = disk.create(&Path::new(DIR).join(segment_name(7)), 0).unwrap();
            file.write_all_at(&[&bytes[..cut], tail].concat(), 0).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut).count() as u64 - 1;
            let mut bench = Bench::open(&disk, &small()).unwrap();
            assert_eq!(
                bench.recovery,
                Recovery {
                    last_seq: whole,
                    entries: whole,
                    missing: 0
                },
                "cut at {cut}"
            );
            assert!(bench.writer.push(&event(99)));
            bench.writer.commit().unwrap();
            assert_eq!(bench.all().len() as u64, whole + 1);
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_frame_ends_the_segment_there() {
    let header = Header {
        number: 7,
        first_seq: 1,
    };
    let mut bytes = header.to_bytes().to_vec();
    push_frame(&mut bytes, 7, 1, &json(1));
    let second = bytes.len();
    push_frame(&mut bytes, 7, 2, &json(2));
    for bit in second * 8..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let disk = FakeDisk::new(1, 1 << 20);
        let file = disk.create(&Path::new(DIR).join(segment_name(7)), 0).unwrap();
        file.write_all_at(&bytes, 0).unwrap();
        let mut frames = FrameReader::new(file, header);
        let end = bytes.len() as u64;
        assert!(frames.next(end).unwrap().is_some());
        assert!(frames.next(end).unwrap().is_none(), "bit {bit}");
    }
}

#[test]
fn a_segment_used_again_never_shows_its_former_frames() {
    let disk = FakeDisk::new(1, 1 << 30);
    let mut bench = Bench::open(&disk, &small()).unwrap();
    for n in 1..=300 {
        assert!(bench.writer.push(&event(n)));
        bench.writer.commit().unwrap();
        bench.writer.release(n.saturating_sub(3));
        disk.kill();
        bench = Bench::open(&disk, &small()).unwrap();
        assert_eq!((bench.recovery.last_seq, bench.recovery.missing), (n, 0));
        assert_eq!(bench.all().last().map(|e| e.seq), Some(n));
    }
    assert!(
        disk.list(Path::new(DIR)).unwrap().len() < 10,
        "released segments are gone"
    );
}

#[test]
fn a_lost_folder_does_not_give_numbers_out_again() {
    let config = JournalConfig {
        floor_seq: 4711,
        ..small()
    };
    let mut bench = Bench::open(&FakeDisk::new(1, 1 << 20), &config).unwrap();
    assert!(bench.writer.push(&event(1)));
    bench.writer.commit().unwrap();
    assert_eq!(bench.reader(4711).read(9).unwrap()[0].seq, 4712);
}

#[test]
fn a_full_disk_still_takes_what_was_set_aside_and_then_all_of_it_once_there_is_room() {
    let disk = FakeDisk::new(1, 1 << 20);
    let mut bench = Bench::open(&disk, &small()).unwrap();
    bench.writer.keep_spare().unwrap();
    assert!(bench.writer.push(&event(1)));
    bench.writer.commit().unwrap();
    bench.writer.keep_spare().unwrap();
    disk.set_free(0);
    for n in 2..=30 {
        assert!(bench.writer.push(&event(n)));
        bench.writer.commit().unwrap();
    }
    let mut n = 30;
    while bench.writer.commit().is_ok() {
        n += 1;
        assert!(bench.writer.push(&event(n)));
    }
    assert!(bench.health.spare_missing.get());
    for more in 1..=20 {
        assert!(bench.writer.push(&event(n + more)));
    }
    disk.set_free(1 << 20);
    bench.writer.commit().unwrap();
    assert_eq!(bench.all().len() as u64, n + 20);
}

#[test]
fn memory_is_bounded_when_the_disk_stays_away() {
    let disk = FakeDisk::new(1, 0);
    let config = JournalConfig {
        backlog_max_bytes: 5_000,
        ..small()
    };
    let mut bench = Bench::open(&disk, &config).unwrap();
    let kept = (1..=1_000).filter(|n| bench.writer.push(&event(*n))).count();
    assert!(bench.writer.commit().is_err() && kept < 50);
    assert_eq!(bench.health.lost_entries.get(), 1_000 - kept as u64);
    disk.set_free(1 << 20);
    bench.writer.commit().unwrap();
    assert_eq!(bench.all().len(), kept);
}

/// One life after another on a disk with faults: what was confirmed is found, once, in order, and nothing is invented.
fn live_and_die(seed: u64) -> u64 {
    let mut rng = SmallRng::seed_from_u64(seed);
    let disk = FakeDisk::new(seed ^ 0xD15C, 60_000);
    let mut config = JournalConfig {
        segment_bytes: rng.random_range(1_024..6_000),
        ..small()
    };
    let mut confirmed: BTreeMap<u64, Vec<u8>> = BTreeMap::new(); // by sequence number
    let mut tried: BTreeMap<u64, Vec<Vec<u8>>> = BTreeMap::new();
    let (mut number, mut drained) = (0, 0);
    for _ in 0..rng.random_range(1..5) {
        disk.fail_one_in(0);
        config.floor_seq = drained;
        let mut bench = Bench::open(&disk, &config).unwrap();
        let found = bench.reader(drained).read(usize::MAX).unwrap();
        check(seed, &found, &mut confirmed, &tried, drained);
        assert_eq!(bench.recovery.missing, 0, "seed {seed}");
        disk.fail_one_in(rng.random_range(3..40));
        let mut reader = bench.reader(drained);
        let mut waiting = Vec::new();
        for _ in 0..rng.random_range(0..60) {
            for _ in 0..rng.random_range(1..6) {
                number += 1;
                let seq = bench.writer.next_seq();
                assert!(bench.writer.push(&event(number)));
                tried.entry(seq).or_default().push(json(number));
                waiting.push((seq, json(number)));
            }
            if bench.writer.commit().is_ok() {
                confirmed.extend(waiting.drain(..));
            }
            if rng.random_bool(0.3) {
                for entry in reader.read(rng.random_range(1..50)).unwrap_or_default() {
                    assert_eq!(
                        confirmed.get(&entry.seq).or_else(|| tried[&entry.seq].last()),
                        Some(&entry.payload),
                        "seed {seed}"
                    );
                }
                drained = reader.position();
                bench.writer.release(drained);
            }
            let _ = bench.writer.keep_spare();
        }
        if rng.random_bool(0.5) {
            disk.kill();
        } else {
            disk.crash();
        }
    }
    disk.fail_one_in(0);
    let bench = Bench::open(&disk, &config).unwrap();
    check(
        seed,
        &bench.reader(drained).read(usize::MAX).unwrap(),
        &mut confirmed,
        &tried,
        drained,
    );
    disk.faults()
}

fn check(
    seed: u64,
    found: &[Entry],
    confirmed: &mut BTreeMap<u64, Vec<u8>>,
    tried: &BTreeMap<u64, Vec<Vec<u8>>>,
    drained: u64,
) {
    for (seq, entry) in (drained + 1..).zip(found) {
        assert_eq!(entry.seq, seq, "seed {seed}: a gap or a double");
        assert!(tried[&seq].contains(&entry.payload), "seed {seed}: invented");
    }
    let found: BTreeMap<u64, &Vec<u8>> = found.iter().map(|e| (e.seq, &e.payload)).collect();
    for (seq, payload) in confirmed.range(drained + 1..) {
        assert_eq!(
            found.get(seq),
            Some(&payload),
            "seed {seed}: {seq} was confirmed and is lost"
        );
    }
    // What was found now is durable and stays: the start syncs it.
    confirmed.extend(found.into_iter().map(|(seq, payload)| (seq, payload.clone())));
}

#[test]
fn hundreds_of_lives_on_failing_disks_lose_nothing_confirmed_and_double_nothing() {
    let faults: u64 = (0..500).map(live_and_die).sum();
    assert!(faults > 2_500, "the disk failed {faults} times");
}

/// Collects what the journal says.
#[derive(Default)]
struct Told {
    tickets: Mutex<Vec<(u64, bool)>>,
    news: Condvar,
}

impl Told {
    fn wait_for(&self, count: usize) -> Vec<(u64, bool)> {
        let told = lock(&self.tickets);
        let (told, _) = self
            .news
            .wait_timeout_while(told, Duration::from_secs(20), |t| t.len() < count)
            .unwrap();
        told.clone()
    }
}

impl CommitSink for Told {
    fn committed(&self, tickets: &[Ticket], durable: bool) {
        lock(&self.tickets).extend(tickets.iter().map(|t| (t.number, durable)));
        self.news.notify_all();
    }
}

fn ticket(number: u64) -> Option<Ticket> {
    Some(Ticket { shard: 0, number })
}

#[test]
fn many_callers_share_commits_and_each_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let told = Arc::new(Told::default());
    let (journal, recovery) = Journal::open(dir.path(), JournalConfig::default(), told.clone()).unwrap();
    assert_eq!(recovery, Recovery::default());
    thread::scope(|scope| {
        for caller in 0..8 {
            let journal = journal.clone();
            scope
                .spawn(move || (0..50).for_each(|n| journal.append(vec![event(n), event(n)], ticket(caller * 50 + n))));
        }
    });
    let mut tickets = told.wait_for(400);
    tickets.sort_unstable();
    assert!(tickets.iter().zip(0..).all(|(told, n)| *told == (n, true)) && tickets.len() == 400);
    journal.close();
    assert_eq!(journal.durable_seq(), 800);
    let (journal, recovery) = Journal::open(dir.path(), JournalConfig::default(), told).unwrap();
    assert_eq!((recovery.last_seq, recovery.entries, recovery.missing), (800, 800, 0));
    assert_eq!(journal.reader(0).read(usize::MAX).unwrap().len(), 800);
    journal.close();
}

#[test]
fn when_the_disk_is_full_the_sink_is_told_at_once_and_later_all_is_written() {
    let disk = FakeDisk::new(1, 0);
    let told = Arc::new(Told::default());
    let config = JournalConfig {
        retry: Duration::from_millis(5),
        ..small()
    };
    let (journal, _) = Journal::open_on(
        Arc::new(disk.clone()),
        Path::new(DIR),
        config,
        told.clone(),
        Arc::default(),
    )
    .unwrap();
    journal.append(vec![event(1)], ticket(1));
    assert_eq!(told.wait_for(1), [(1, false)]);
    assert!(journal.health().degraded.get());
    disk.set_free(1 << 20);
    while journal.health().degraded.get() {
        thread::yield_now();
    }
    journal.append(vec![event(2)], ticket(2));
    assert_eq!(told.wait_for(2), [(1, false), (2, true)]);
    assert_eq!(journal.reader(0).read(9).unwrap().len(), 2);
    journal.close();
}

/// A disk whose syncs hang while the gate is shut.
struct Hanging {
    disk: FakeDisk,
    shut: Arc<(Mutex<bool>, Condvar)>,
}

struct HangingFile(Box<dyn DiskFile>, Arc<(Mutex<bool>, Condvar)>);

use crate::store::disk::DiskFile;

impl DiskFile for HangingFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(into, offset)
    }
    fn sync(&self) -> io::Result<()> {
        let (shut, opened) = &*self.1;
        drop(opened.wait_while(lock(shut), |shut| *shut).unwrap());
        self.0.sync()
    }
    fn truncate(&self, len: u64) -> io::Result<()> {
        self.0.truncate(len)
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
}

impl Disk for Hanging {
    fn create(&self, path: &Path, reserve_bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        self.disk.create(path, reserve_bytes)
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.disk.open(path)?;
        Ok(Box::new(HangingFile(file, self.shut.clone())))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }
    fn folders(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk.folders(dir)
    }
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.create_dir(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }
    fn sync_all(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_all(dir)
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.disk.free_bytes(dir)
    }
}

#[test]
fn when_the_disk_hangs_the_watcher_lets_the_calls_go_on_and_nothing_is_lost() {
    let shut = Arc::new((Mutex::new(true), Condvar::new()));
    let disk = Hanging {
        disk: FakeDisk::new(1, 1 << 20),
        shut: shut.clone(),
    };
    let told = Arc::new(Told::default());
    let (journal, _) = Journal::open_on(Arc::new(disk), Path::new(DIR), small(), told.clone(), Arc::default()).unwrap();
    journal.append(vec![event(1)], ticket(1));
    while lock(&told.tickets).is_empty() {
        journal.watch();
        thread::yield_now();
    }
    journal.append(vec![event(2)], ticket(2));
    journal.watch();
    assert_eq!(told.wait_for(2), [(1, false), (2, false)]);
    assert!(journal.health().stalled.get());
    *lock(&shut.0) = false;
    shut.1.notify_all();
    journal.append(vec![event(3)], ticket(3));
    assert_eq!(told.wait_for(3)[2], (3, true));
    journal.close();
    assert!(!journal.health().stalled.get());
    assert_eq!(journal.reader(0).read(9).unwrap().len(), 3);
}
