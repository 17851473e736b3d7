//! What a shard's commands do in the world: sockets, journal, media workers, prompts, files. Decides nothing about calls.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use tokio::runtime;
use tokio::sync::mpsc;

use crate::call::{Command, Exchange, LocalRtp, Recorded, TrunkState};
use crate::ivr::Language;
use crate::ivr::spoken::Piece;
use crate::kernel::{MediaId, PlayId};
use crate::media::{MediaCommand, SessionConfig};
use crate::net::ports::PortPool;
use crate::sip::trunk::{Question, Target, TrunkEvent};
use crate::store::journal::{Journal, Ticket};

use super::clock;
use super::gauges::{ShardGauges, TrunkBoard};
use super::library::{Found, Library};
use super::media::{MediaError, MediaPool, Take};
use super::meter::Meter;
use super::reach::Reacher;
use super::recorder::Recordings;
use super::shard::Input;
use super::sip_ports::{SipPorts, local_towards};

/// Everything that a shard may touch.
pub(super) struct Hands {
    pub shard: u16,
    pub inputs: mpsc::WeakSender<Input>,
    pub runtime: runtime::Handle,
    pub sip: Arc<SipPorts>,
    pub journal: Journal,
    pub ports: PortPool,
    pub media: Arc<MediaPool>,
    pub library: Arc<Library>,
    pub recordings: Arc<Recordings>,
    pub reacher: Arc<Reacher>,
    pub meter: Meter,
    pub gauges: Arc<ShardGauges>,
    pub trunks: Arc<TrunkBoard>,
    pub dead_after: Duration,
    pub inband_dtmf: bool,
    pub advertised: [Option<IpAddr>; 2],
    pub rng: StdRng,
}

impl Hands {
    /// Does one thing; what can be answered at once is answered at once.
    pub(super) fn carry_out(&mut self, command: Command, exchange: &mut Exchange) {
        match command {
            Command::Transmit { flow, bytes } => self.sip.send(&flow, &bytes),
            Command::Append { events, ticket } => {
                self.meter.count(&events);
                let ticket = ticket.map(|number| Ticket {
                    shard: self.shard,
                    number,
                });
                self.journal.append(events, ticket);
            }
            Command::OpenMedia {
                id,
                local,
                remote,
                signalling,
            } => {
                let opened = self.open_media(id, media_address(local, remote), signalling);
                exchange.media_opened(id, opened, clock::now());
            }
            Command::Negotiate { id, params } => taken(self.media.negotiate(id, *params)),
            Command::Media { id, command } => taken(self.media.command(id, command)),
            Command::Play {
                id,
                play,
                pieces,
                language,
                repeat,
            } => self.play(id, play, pieces, language, repeat),
            Command::Bridge { a, b } => taken(self.media.bridge(a, b)),
            Command::Unbridge { id } => taken(self.media.unbridge(id)),
            Command::Mix { members } => taken(self.media.mix(members)),
            Command::RecordCall { id, file, max } => {
                let begun = self.record(id, &file, Take::Call { max });
                tell_failure(id, begun, exchange);
            }
            Command::MaskRecording { id, on } => taken(self.media.mask(id, on)),
            Command::StartRecording { id, file, max, silence } => {
                let take = Take::Message {
                    max: max.min(self.recordings.longest()),
                    stop_after_silence: silence,
                };
                let begun = self.record(id, &file, take);
                tell_failure(id, begun, exchange);
            }
            Command::FinishRecording { id } => self.media.finish_recording(id),
            Command::CloseMedia { id } => self.close_media(id),
            Command::CalendarMissing { year } => {
                metrics::gauge!("yihao_calendar_missing", "year" => year.to_string()).set(1.0);
                tracing::error!(
                    year,
                    "ALARM: no table of working days for this year: opening hours are a guess"
                );
            }
            Command::Resolve { query, question } => self.resolve(query, question),
            Command::Reach { query, target } => self.reach(query, target),
            Command::TrunkState(state) => self.trunk_changed(state),
            Command::TrunkEvent { name, event } => tell(&name, event, exchange.shared().draining),
            Command::TrunkFailed { name, target } => self.tell_shard(0, Input::TrunkFailed(name, target)),
        }
    }

    /// Shows the shard's counts to whoever looks.
    pub(super) fn show(&self, exchange: &Exchange) {
        self.gauges.calls.store(exchange.live() as u64, Ordering::Relaxed);
        self.gauges.legs.store(exchange.legs() as u64, Ordering::Relaxed);
        self.gauges
            .transactions
            .store(exchange.transactions() as u64, Ordering::Relaxed);
    }

    fn open_media(&mut self, id: MediaId, local: IpAddr, signalling: IpAddr) -> Option<LocalRtp> {
        let sockets = match self.ports.take(local) {
            Ok(sockets) => sockets,
            Err(error) => {
                tracing::error!(%error, "no RTP port for a call");
                return None;
            }
        };
        let rtp_port = sockets.rtp_port();
        let config = SessionConfig {
            ssrc: self.rng.random(),
            first_seq: self.rng.random(),
            first_timestamp: self.rng.random(),
            dead_after: self.dead_after,
            inband_dtmf: self.inband_dtmf,
            signalling_ip: Some(signalling),
            ..SessionConfig::default()
        };
        if let Err(error) = self.media.open(id, sockets, config) {
            tracing::error!(%error, "no media worker for a call");
            return None;
        }
        let advertised = self.advertised[usize::from(local.is_ipv6())];
        Some(LocalRtp {
            address: advertised.unwrap_or(local),
            rtp_port,
            rtcp_port: rtp_port + 1,
        })
    }

    fn play(&mut self, id: MediaId, play: PlayId, pieces: Vec<Piece>, language: Language, repeat: bool) {
        match self.library.find(&pieces, language) {
            Found::Ready(clips) => taken(self.media.command(
                id,
                MediaCommand::Play {
                    id: play,
                    clips,
                    repeat,
                },
            )),
            Found::NeedsVoice => {
                let (library, media) = (self.library.clone(), self.media.clone());
                self.runtime.spawn(async move {
                    let clips = library.speak(&pieces, language).await;
                    taken(media.command(
                        id,
                        MediaCommand::Play {
                            id: play,
                            clips,
                            repeat,
                        },
                    ));
                });
            }
        }
    }

    fn record(&mut self, id: MediaId, file: &str, take: Take) -> Result<(), Recorded> {
        let channels = match take {
            Take::Message { .. } => 1,
            Take::Call { .. } => 2,
        };
        let sink = self.recordings.begin(id, file, channels, self.inputs.clone())?;
        taken(self.media.record(id, take, sink));
        Ok(())
    }

    fn close_media(&self, id: MediaId) {
        let inputs = self.inputs.clone();
        let reply = move |quality| {
            if let Some(inputs) = inputs.upgrade() {
                // A full queue loses a call's quality figures, never the call.
                let _ = inputs.try_send(Input::MediaClosed(id, Box::new(quality)));
            }
        };
        taken(self.media.quality(id, Box::new(reply)));
        self.media.close(id);
    }

    /// Shows how a trunk is, and tells the other shards.
    fn trunk_changed(&self, state: TrunkState) {
        metrics::gauge!("yihao_trunk_up", "trunk" => state.name.clone()).set(f64::from(u8::from(state.up)));
        for number in (0..self.sip.shards()).filter(|number| *number != usize::from(self.shard)) {
            self.tell_shard(number, Input::TrunkChanged(state.clone()));
        }
        self.trunks.set(state.name, state.up);
    }

    fn tell_shard(&self, number: usize, input: Input) {
        if let Some(shard) = self.sip.shard(number) {
            self.runtime.spawn(async move {
                let _ = shard.send(input).await; // a shard that stopped has no calls
            });
        }
    }

    fn resolve(&mut self, query: u64, question: Question) {
        let (reacher, inputs) = (self.reacher.clone(), self.inputs.clone());
        self.runtime.spawn(async move {
            let answer = reacher.resolve(&question).await;
            if let Some(inputs) = inputs.upgrade() {
                let _ = inputs.send(Input::Resolved(query, answer)).await; // a shard that stopped needs no answer
            }
        });
    }

    fn reach(&mut self, query: u64, target: Target) {
        let (reacher, inputs) = (self.reacher.clone(), self.inputs.clone());
        self.runtime.spawn(async move {
            let flow = match reacher.reach(target).await {
                Ok(flow) => Some(flow),
                Err(error) => {
                    tracing::warn!(%target, %error, "a peer cannot be reached");
                    None
                }
            };
            if let Some(inputs) = inputs.upgrade() {
                let _ = inputs.send(Input::Reached(query, flow)).await; // a shard that stopped needs no answer
            }
        });
    }
}

/// Our address for a call's sound: the one that its signalling came to, unless the caller's sound lives in the other family.
fn media_address(local: IpAddr, remote: Option<IpAddr>) -> IpAddr {
    let other_family = remote.filter(|ip| ip.is_ipv4() != local.is_ipv4());
    // The port does not matter: only the way is looked up.
    other_family
        .and_then(|ip| local_towards(SocketAddr::new(ip, 9)))
        .unwrap_or(local)
}

/// Tells the operator what happened to a trunk.
fn tell(trunk: &str, event: TrunkEvent, draining: bool) {
    match event {
        TrunkEvent::Up => tracing::info!(trunk, "a trunk is up"),
        TrunkEvent::Down if draining => tracing::info!(trunk, "a trunk was left"),
        TrunkEvent::Down => tracing::error!(trunk, "ALARM: a trunk is down: no call can be placed by it"),
        TrunkEvent::Registered { expires_s } => tracing::debug!(trunk, expires_s, "registered"),
        TrunkEvent::RegistrationFailed { status, retry_in_s } => {
            tracing::warn!(trunk, status, retry_in_s, "a registration failed");
        }
        TrunkEvent::RegistrationLapsed => {
            tracing::error!(trunk, "ALARM: a registration ran out before it could be renewed")
        }
        TrunkEvent::NotFound => tracing::warn!(trunk, "the carrier's name leads to no address"),
    }
}

/// A recording that cannot begin is over: the call goes on without it.
fn tell_failure(id: MediaId, begun: Result<(), Recorded>, exchange: &mut Exchange) {
    if let Err(failed) = begun {
        exchange.recorded(id, &failed, clock::now());
    }
}

/// An order that a media worker did not take: the call goes on without it, the log says so.
fn taken(result: Result<(), MediaError>) {
    if let Err(error) = result {
        tracing::error!(%error, "an order for the sound was not taken");
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn a_telephone_that_calls_by_ipv4_may_listen_by_ipv6() {
        let (v4, v6) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST));
        assert_eq!(media_address(v4, None), v4);
        assert_eq!(
            media_address(v4, Some(Ipv4Addr::new(192, 0, 2, 7).into())),
            v4,
            "the way that signalling took"
        );
        assert_eq!(media_address(v6, Some(v4)), v4);
        // Where this machine has IPv6 at all; else the address stays, and the offer is refused.
        assert!([v4, v6].contains(&media_address(v4, Some(v6))));
    }
}
