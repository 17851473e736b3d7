//! Prompts: clips in both laws, and the playlist that a session reads from. Knows octets, nothing of packets.

use std::sync::Arc;
use std::time::Duration;

use super::g711;
use crate::kernel::{Law, PlayId};

/// A piece of sound, ready in both laws. Shared by all calls that play it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    a: Arc<[u8]>,
    mu: Arc<[u8]>,
}

impl Clip {
    /// From octets of `law`; the other law is made here, once.
    pub fn new(law: Law, octets: &[u8]) -> Self {
        match law {
            Law::A => Self {
                a: octets.into(),
                mu: octets.iter().map(|o| g711::A_TO_MU[usize::from(*o)]).collect(),
            },
            Law::Mu => Self {
                a: octets.iter().map(|o| g711::MU_TO_A[usize::from(*o)]).collect(),
                mu: octets.into(),
            },
        }
    }

    /// From linear samples.
    pub fn from_linear(samples: impl IntoIterator<Item = i16>) -> Self {
        let (a, mu): (Vec<u8>, Vec<u8>) = samples
            .into_iter()
            .map(|s| (g711::encode_a(s), g711::encode_mu(s)))
            .unzip();
        Self {
            a: a.into(),
            mu: mu.into(),
        }
    }

    /// A pause.
    pub fn silence(duration: Duration) -> Self {
        let samples = usize::try_from(duration.as_millis()).unwrap_or(0).saturating_mul(8);
        Self {
            a: vec![g711::SILENCE_A; samples].into(),
            mu: vec![g711::SILENCE_MU; samples].into(),
        }
    }

    /// The sound in one law.
    pub fn octets(&self, law: Law) -> &[u8] {
        match law {
            Law::A => &self.a,
            Law::Mu => &self.mu,
        }
    }

    /// Samples.
    pub fn len(&self) -> usize {
        self.a.len()
    }

    /// Whether there is no sound at all.
    pub fn is_empty(&self) -> bool {
        self.a.is_empty()
    }

    /// How long it plays.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.len() as u64 * 125)
    }
}

/// Clips one after the other, with the place where the reader stands.
#[derive(Debug)]
pub struct Playlist {
    id: PlayId,
    clips: Vec<Arc<Clip>>,
    repeat: bool,
    clip: usize,
    offset: usize,
}

impl Playlist {
    /// A playlist at its start. Clips without sound are left out, so that repeating them cannot spin.
    pub fn new(id: PlayId, mut clips: Vec<Arc<Clip>>, repeat: bool) -> Self {
        clips.retain(|c| !c.is_empty());
        Self {
            id,
            clips,
            repeat,
            clip: 0,
            offset: 0,
        }
    }

    /// Which start of a playlist this is.
    pub fn id(&self) -> PlayId {
        self.id
    }

    /// Whether all has been read.
    pub fn is_finished(&self) -> bool {
        self.clip >= self.clips.len()
    }

    /// Fills `buffer` without a seam between clips; what is left over after the last is silence.
    pub fn read(&mut self, law: Law, buffer: &mut [u8]) {
        let mut rest = buffer;
        while !rest.is_empty() {
            let Some(clip) = self.clips.get(self.clip) else {
                rest.fill(g711::silence(law));
                return;
            };
            let sound = &clip.octets(law)[self.offset..];
            let n = sound.len().min(rest.len());
            let (now, later) = rest.split_at_mut(n);
            now.copy_from_slice(&sound[..n]);
            rest = later;
            self.offset += n;
            if self.offset >= clip.len() {
                self.advance();
            }
        }
    }

    fn advance(&mut self) {
        self.offset = 0;
        self.clip += 1;
        if self.repeat && self.is_finished() {
            self.clip = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_follow_each_other_without_a_seam() {
        let clips = vec![
            Arc::new(Clip::new(Law::A, &[1; 100])),
            Arc::new(Clip::new(Law::A, &[])),
            Arc::new(Clip::new(Law::A, &[2; 100])),
        ];
        let mut list = Playlist::new(PlayId(1), clips, false);
        let mut buffer = [0; 160];
        list.read(Law::A, &mut buffer);
        assert_eq!((&buffer[..100], &buffer[100..]), (&[1; 100][..], &[2; 60][..]));
        assert!(!list.is_finished());
        list.read(Law::A, &mut buffer);
        assert_eq!(
            (&buffer[..40], &buffer[40..]),
            (&[2; 40][..], &[g711::SILENCE_A; 120][..])
        );
        assert!(list.is_finished());
    }

    #[test]
    fn repeating_goes_on_and_repeating_nothing_ends() {
        let mut list = Playlist::new(PlayId(1), vec![Arc::new(Clip::new(Law::Mu, &[5, 6, 7]))], true);
        let mut buffer = [0; 8];
        list.read(Law::Mu, &mut buffer);
        assert_eq!(buffer, [5, 6, 7, 5, 6, 7, 5, 6]);
        assert!(!list.is_finished());
        assert!(Playlist::new(PlayId(2), vec![Arc::new(Clip::new(Law::A, &[]))], true).is_finished());
    }

    #[test]
    fn a_pause_is_as_long_as_it_says() {
        let pause = Clip::silence(Duration::from_millis(250));
        assert_eq!((pause.len(), pause.duration()), (2_000, Duration::from_millis(250)));
    }
}
