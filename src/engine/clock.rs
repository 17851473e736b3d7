//! The only place that reads the clocks.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::kernel::{Mono, Now, Wall};

static START: OnceLock<Instant> = OnceLock::new();

/// Both clocks, now.
pub fn now() -> Now {
    Now {
        mono: mono(),
        wall: wall(),
    }
}

/// Time since the process first asked.
#[expect(clippy::disallowed_methods, reason = "this is the one place that samples the clocks")]
pub fn mono() -> Mono {
    let elapsed = START.get_or_init(Instant::now).elapsed();
    Mono::from_nanos(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
}

/// Civil time.
#[expect(clippy::disallowed_methods, reason = "this is the one place that samples the clocks")]
pub fn wall() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Wall::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The instant at which tokio is to wake for a moment of ours.
pub fn instant(at: Mono) -> tokio::time::Instant {
    let start = *START.get_or_init(|| tokio::time::Instant::now().into_std());
    tokio::time::Instant::from_std(start + Duration::from_nanos(at.as_nanos()))
}
