//! `[media]`: RTP ports, workers and what counts as a dead stream.

use serde::{Deserialize, Serialize};

use crate::kernel::Law;

use super::bounds::{Bound, bound};

/// How packets are moved between kernel and workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Io {
    /// What was measured to be as good and asks least of the kernel: epoll.
    #[default]
    Auto,
    /// Always epoll.
    Epoll,
    /// io_uring, or refuse to start.
    Uring,
}

/// `[media]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Media {
    /// First port for RTP (even) and RTCP (the odd one above).
    pub rtp_port_min: u16,
    /// Last port.
    pub rtp_port_max: u16,
    /// Rest of a port pair before the next call may have it, seconds.
    pub quarantine_s: u32,
    /// Worker threads; 0 takes one for each processor.
    pub workers: u16,
    /// How packets are moved.
    pub io: Io,
    /// Time without any packet, in a call that should have some, after which the call is ended, seconds.
    pub dead_media_s: u32,
    /// Also listen for keys as tones in the sound (for trunks that strip RFC 4733).
    pub inband_dtmf: bool,
    /// Laws of G.711 that we offer and accept, best first.
    pub laws: Vec<Law>,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            rtp_port_min: 20_000,
            rtp_port_max: 29_999,
            quarantine_s: 10,
            workers: 0,
            io: Io::default(),
            dead_media_s: 60,
            inband_dtmf: false,
            laws: vec![Law::A, Law::Mu],
        }
    }
}

impl Media {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("rtp_port_min", self.rtp_port_min, 1_024..=65_534),
            bound("rtp_port_max", self.rtp_port_max, 1_025..=65_535),
            bound("quarantine_s", self.quarantine_s, 0..=3_600),
            bound("workers", self.workers, 0..=64),
            bound("dead_media_s", self.dead_media_s, 5..=86_400),
        ]
    }
}
