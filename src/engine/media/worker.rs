//! One worker's loop: orders, turns of the wheel, packets of bridged sessions, sleep. Knows when, not what.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::sync::mpsc::{Receiver, TryRecvError};

use super::floor::Floor;
use super::wheel::Wheel;
use super::{Bell, MediaEvents, MediaGauges, Order};
use crate::net::Clock;
use crate::net::batch::{Pace, PacketIo};

pub(super) struct Worker {
    io: Box<dyn PacketIo>,
    orders: Receiver<Order>,
    bell: Arc<Bell>,
    clock: Clock,
    gauges: Arc<MediaGauges>,
    wheel: Wheel,
    floor: Floor,
}

/// Whether to go on.
enum Next {
    Turn,
    Stop,
}

impl Worker {
    pub(super) fn new(
        io: Box<dyn PacketIo>,
        orders: Receiver<Order>,
        bell: Arc<Bell>,
        clock: Clock,
        gauges: Arc<MediaGauges>,
        events: MediaEvents,
    ) -> Self {
        Self {
            io,
            orders,
            bell,
            clock,
            gauges,
            wheel: Wheel::default(),
            floor: Floor::new(events),
        }
    }

    pub(super) fn run(mut self) {
        tracing::debug!(io = self.io.name(), "media worker started");
        while let Next::Turn = self.take_orders() {
            self.turn_wheel();
            self.sleep();
            let now = (self.clock)();
            let floor = &mut self.floor;
            let bridged = self.io.harvest(Pace::Eager, &mut |tag, from, packet| {
                floor.receive(tag, from, packet, now);
            });
            if bridged > 0 {
                self.io.flush(&mut self.floor.queue);
            }
        }
    }

    fn take_orders(&mut self) -> Next {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return Next::Stop,
                Ok(order) => {
                    self.bell.waiting.fetch_sub(1, Ordering::Relaxed);
                    self.carry_out(order);
                }
                Err(TryRecvError::Empty) => return Next::Turn,
            }
        }
    }

    fn carry_out(&mut self, order: Order) {
        let now = (self.clock)();
        let (floor, io) = (&mut self.floor, &mut *self.io);
        match order {
            Order::Open(id, parts) => {
                let (sockets, config) = *parts;
                match floor.open(id, sockets, config, io, &mut self.wheel, now) {
                    Ok(()) => {
                        self.gauges.sessions.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => {
                        self.gauges.open_errors.fetch_add(1, Ordering::Relaxed);
                        tracing::error!(?id, %error, "opening a media session");
                    }
                }
            }
            Order::Negotiate(id, params) => floor.negotiate(id, *params, now),
            Order::Command(id, command) => floor.command(id, command, now),
            Order::Bridge(a, b) => floor.bridge(a, b, io, now),
            Order::Unbridge(id) => floor.unbridge(id, io, now),
            Order::Mix(members) => floor.mix(&members, io, now),
            Order::Record(id, take, sink) => floor.record(id, take, sink, now),
            Order::Mask(id, on) => floor.mask(id, on),
            Order::Finish(id) => floor.finish(id, now),
            Order::Quality(id, reply) => floor.quality(id, reply),
            Order::Close(id) => {
                if floor.close(id, io, &mut self.wheel, now) {
                    self.gauges.sessions.fetch_sub(1, Ordering::Relaxed);
                }
            }
            Order::Stop => {}
        }
    }

    /// Serves the slots that are due. What has come meanwhile on lazy sockets, of whichever slot, is read first.
    fn turn_wheel(&mut self) {
        let mut now = (self.clock)();
        while let Some(slot) = self.wheel.due(now) {
            let floor = &mut self.floor;
            self.io.harvest(Pace::Lazy, &mut |tag, from, packet| {
                floor.receive(tag, from, packet, now);
            });
            for session in self.wheel.sessions(slot) {
                self.floor.tick(*session, now);
            }
            self.io.flush(&mut self.floor.queue);
            now = (self.clock)();
        }
        let late = self.wheel.take_late();
        if late > 0 {
            self.gauges.late_ticks.fetch_add(late, Ordering::Relaxed);
        }
    }

    fn sleep(&mut self) {
        let timeout = match self.wheel.deadline() {
            Some(deadline) => Some(deadline.since((self.clock)())),
            None => {
                self.bell.asleep.store(true, Ordering::Relaxed);
                fence(Ordering::SeqCst);
                if self.bell.waiting.load(Ordering::Relaxed) > 0 {
                    self.bell.asleep.store(false, Ordering::Relaxed);
                    return;
                }
                None
            }
        };
        if let Err(error) = self.io.wait(timeout) {
            tracing::error!(%error, "media worker cannot wait");
            // Not a busy loop, whatever ails the kernel.
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        self.bell.asleep.store(false, Ordering::Relaxed);
    }
}
