//! Which sockets have data: a slab of them behind two epoll sets, one that is looked at now and then and one that wakes.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::io::Errno;
use rustix::time::Timespec;

use super::Pace;

/// Sockets told of by one call to the kernel.
pub(super) const EVENTS_MAX: usize = 256;
/// The waker's place among the keys.
const WAKER: u64 = u64::MAX;

/// One socket of the slab. A key of a released socket never means the next one in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketKey {
    index: u32,
    generation: u32,
}

impl SocketKey {
    fn to_data(self) -> epoll::EventData {
        epoll::EventData::new_u64(u64::from(self.generation) << 32 | u64::from(self.index))
    }

    fn from_data(data: u64) -> Self {
        let low = |half: u64| u32::try_from(half & 0xFFFF_FFFF).unwrap_or_default();
        Self {
            index: low(data),
            generation: low(data >> 32),
        }
    }
}

/// Ends the sleep of the thread that owns the sockets.
#[derive(Clone, Debug)]
pub struct Waker(Arc<OwnedFd>);

impl Waker {
    /// Rings; rings that come before the thread has looked are one.
    pub fn wake(&self) {
        // The only failure is a counter at its top: the thread is being woken anyway.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) socket: UdpSocket,
    pub(super) tag: u64,
    pace: Pace,
}

pub(super) struct Readiness {
    lazy: OwnedFd,
    eager: OwnedFd,
    waker: Waker,
    entries: Vec<(u32, Option<Entry>)>,
    vacant: Vec<u32>,
    events: Vec<epoll::Event>,
    /// Eager sockets that the last wait has found.
    found: Vec<SocketKey>,
}

impl Readiness {
    pub(super) fn new() -> io::Result<Self> {
        let waker = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        let eager = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let data = epoll::EventData::new_u64(WAKER);
        epoll::add(&eager, &waker, data, epoll::EventFlags::IN)?;
        Ok(Self {
            lazy: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            eager,
            waker: Waker(Arc::new(waker)),
            entries: Vec::new(),
            vacant: Vec::new(),
            events: Vec::with_capacity(EVENTS_MAX),
            found: Vec::with_capacity(EVENTS_MAX),
        })
    }

    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(super) fn adopt(&mut self, socket: UdpSocket, tag: u64, pace: Pace) -> io::Result<SocketKey> {
        let index = match self.vacant.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.entries.len()).map_err(io::Error::other)?;
                self.entries.push((0, None));
                index
            }
        };
        let place = &mut self.entries[index as usize];
        let key = SocketKey {
            index,
            generation: place.0,
        };
        let set = match pace {
            Pace::Lazy => &self.lazy,
            Pace::Eager => &self.eager,
        };
        if let Err(error) = epoll::add(set, &socket, key.to_data(), epoll::EventFlags::IN) {
            self.vacant.push(index);
            return Err(error.into());
        }
        place.1 = Some(Entry { socket, tag, pace });
        Ok(key)
    }

    pub(super) fn set_pace(&mut self, key: SocketKey, pace: Pace) -> io::Result<()> {
        let (lazy, eager) = (self.lazy.as_fd(), self.eager.as_fd());
        let entry = match self.entries.get_mut(key.index as usize) {
            Some((generation, Some(entry))) if *generation == key.generation => entry,
            Some(_) | None => return Err(io::ErrorKind::NotFound.into()),
        };
        let (from, to) = match (entry.pace, pace) {
            (Pace::Lazy, Pace::Eager) => (lazy, eager),
            (Pace::Eager, Pace::Lazy) => (eager, lazy),
            (Pace::Lazy, Pace::Lazy) | (Pace::Eager, Pace::Eager) => return Ok(()),
        };
        epoll::add(to, &entry.socket, key.to_data(), epoll::EventFlags::IN)?;
        entry.pace = pace;
        Ok(epoll::delete(from, &entry.socket)?)
    }

    pub(super) fn release(&mut self, key: SocketKey) -> Option<UdpSocket> {
        self.get(key)?;
        let place = self.entries.get_mut(key.index as usize)?;
        let entry = place.1.take()?;
        place.0 = place.0.wrapping_add(1);
        self.vacant.push(key.index);
        let set = match entry.pace {
            Pace::Lazy => &self.lazy,
            Pace::Eager => &self.eager,
        };
        // Needed although the caller will close it: a duplicate of the socket would keep it in the set.
        let _ = epoll::delete(set, &entry.socket);
        Some(entry.socket)
    }

    pub(super) fn get(&self, key: SocketKey) -> Option<&Entry> {
        match self.entries.get(key.index as usize)? {
            (generation, Some(entry)) if *generation == key.generation => Some(entry),
            _ => None,
        }
    }

    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.found.clear();
        poll(&self.eager, &mut self.events, timeout)?;
        for event in &self.events {
            if event.data.u64() == WAKER {
                let _ = rustix::io::read(&*self.waker.0, &mut [0; 8]);
            } else {
                self.found.push(SocketKey::from_data(event.data.u64()));
            }
        }
        Ok(())
    }

    /// Puts the sockets that have data into `keys`: eager ones as the last wait has found them, lazy ones as they are now.
    pub(super) fn ready(&mut self, pace: Pace, keys: &mut Vec<SocketKey>) {
        keys.clear();
        match pace {
            Pace::Eager => keys.append(&mut self.found),
            Pace::Lazy => {
                if poll(&self.lazy, &mut self.events, Some(Duration::ZERO)).is_ok() {
                    keys.extend(self.events.iter().map(|e| SocketKey::from_data(e.data.u64())));
                }
            }
        }
    }
}

fn poll(set: &OwnedFd, events: &mut Vec<epoll::Event>, timeout: Option<Duration>) -> io::Result<()> {
    let timeout = timeout.map(|d| Timespec {
        tv_sec: i64::try_from(d.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: d.subsec_nanos().into(),
    });
    events.clear();
    match epoll::wait(set, rustix::buffer::spare_capacity(events), timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
