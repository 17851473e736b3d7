//! A session in company: what it gives to a mix or to a call's recording, and how it changes between a bridge, where packets pass
//! as they are, and a mix, where sound does, without a click and without losing anything.

use std::net::SocketAddr;

use super::{Destination, Life, Session};
use crate::kernel::{Law, Mono};
use crate::media::ear::Ear;
use crate::media::g711::Frame;
use crate::media::mixer::Sound;
use crate::media::{FRAME, FRAME_SAMPLES};

/// The last packet of sound that passed through a bridge.
#[derive(Debug)]
pub(super) struct Tail {
    law: Law,
    at: Mono,
    length: u8,
    octets: [u8; FRAME_SAMPLES],
}

impl Session {
    /// Whether what is heard is wanted frame by frame, by [`Self::said`].
    pub fn attend(&mut self, on: bool, now: Mono) {
        if on && self.ear.is_none() {
            let law = self.params.as_ref().map_or(Law::A, |p| p.law);
            let ear = self.ear.insert(Box::new(Ear::new(law)));
            // The first packets wait in the buffer for a turn; the others are not to hear a hole there.
            if let Some(tail) = self.tail.as_ref().filter(|t| now.since(t.at) <= 2 * FRAME) {
                ear.remember(tail.law, &tail.octets[..usize::from(tail.length)]);
            }
        }
        if let Some(ear) = &mut self.ear {
            ear.attend(on);
        }
        self.drop_idle_ear();
    }

    /// What the far side said in the last turn, lost packets concealed.
    pub fn said(&self) -> Sound<'_> {
        self.ear.as_ref().map_or(Sound::Nothing, |ear| ear.said())
    }

    /// What the far side has said and nobody has heard yet; not more than a turn, but on a bad line.
    pub fn unheard(&self) -> Vec<Frame> {
        self.ear.as_ref().map_or_else(Vec::new, |ear| ear.unplayed())
    }

    /// Sends frames at once, one after the other: the end of a mix, before a bridge goes on with what comes then.
    pub fn send_rest(&mut self, frames: &[Frame], now: Mono, out: &mut impl FnMut(Destination, SocketAddr, &[u8])) {
        if self.life != Life::Open || self.is_speaking() {
            return;
        }
        for frame in frames {
            self.send_mixed(Sound::Frame(frame), now, out);
        }
    }

    pub(super) fn set_bridged(&mut self, on: bool) {
        self.bridged = on;
        if !on {
            self.tail = None;
        }
    }

    /// Keeps the end of a packet that goes to the other leg.
    pub(super) fn keep_tail(&mut self, law: Law, octets: &[u8], now: Mono) {
        let last = &octets[octets.len().saturating_sub(FRAME_SAMPLES)..];
        let tail = self.tail.get_or_insert_with(|| {
            Box::new(Tail {
                law,
                at: now,
                length: 0,
                octets: [0; FRAME_SAMPLES],
            })
        });
        tail.law = law;
        tail.at = now;
        tail.length = last.len() as u8;
        tail.octets[..last.len()].copy_from_slice(last);
    }
}
