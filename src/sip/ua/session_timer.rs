//! Session timers in both roles (RFC 4028): 422 with Min-SE, who refreshes, refreshing, expiry. Knows no media.

use std::time::Duration;

use crate::kernel::Now;
use crate::sip::message::{HeaderName, Headers, Method, Refresher, Request, Response};

use super::checks::Refusal;
use super::core::{Core, Purpose};
use super::leg::{Leg, Phase};
use super::timers::Timer;
use super::types::{LegEnd, UaConfig};

/// A session timer that both sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// The interval, seconds.
    pub interval_s: u32,
    /// We refresh.
    pub ours: bool,
}

/// What a request asks about session timers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ask {
    expires_s: Option<u32>,
    refresher: Option<Refresher>,
    min_se_s: u32,
    supported: bool,
}

/// Shortest interval that anyone may use (RFC 4028 §4).
const FLOOR_S: u32 = 90;

impl Ask {
    /// Reads it.
    pub fn of(headers: &Headers) -> Self {
        let expires = headers.session_expires();
        Self {
            expires_s: expires.map(|(seconds, _)| seconds),
            refresher: expires.and_then(|(_, refresher)| refresher),
            min_se_s: headers.min_se().unwrap_or(FLOOR_S),
            supported: supports_timer(headers),
        }
    }

    /// 422 for an interval that is too short for us, if the sender can do anything about it (RFC 4028 §9).
    pub fn check(&self, config: &UaConfig) -> Result<(), Refusal> {
        let least = config.min_se_s.max(FLOOR_S);
        if self.supported && self.expires_s.is_some_and(|seconds| seconds < least) {
            return Err(Refusal::because(422, HeaderName::MinSe, least.to_string()));
        }
        Ok(())
    }

    /// What we agree to (RFC 4028 §9, table 2); `None` where the peer knows nothing of timers.
    fn grant(&self, current: Option<Session>, config: &UaConfig) -> Option<Session> {
        if self.expires_s.is_none() && !self.supported {
            return None;
        }
        let least = config.min_se_s.max(self.min_se_s).max(FLOOR_S);
        let usual = current.map_or(config.session_expires_s, |session| session.interval_s);
        let wanted = self.expires_s.unwrap_or(usual);
        let ours = match self.refresher {
            Some(Refresher::Uac) if self.supported => false,
            Some(Refresher::Uac | Refresher::Uas) => true,
            None => !self.supported || current.is_none_or(|session| session.ours),
        };
        Some(Session {
            interval_s: wanted.min(config.session_expires_s).max(least),
            ours,
        })
    }
}

fn supports_timer(headers: &Headers) -> bool {
    headers.supported().iter().any(|tag| tag.eq_ignore_ascii_case("timer"))
}

/// Puts our wishes into a request of ours that refreshes.
pub(super) fn ask(request: &mut Request, current: Option<Session>, config: &UaConfig) {
    let value = match current {
        None => config.session_expires_s.to_string(),
        Some(Session { interval_s, ours: true }) => format!("{interval_s};refresher=uac"),
        Some(Session {
            interval_s,
            ours: false,
        }) => format!("{interval_s};refresher=uas"),
    };
    if !request.headers.contains(&HeaderName::Supported) {
        // Without it the other side would take the refreshing upon itself (RFC 4028 §9, table 2).
        request.headers.push(HeaderName::Supported, "timer");
    }
    request.headers.set(HeaderName::SessionExpires, value);
    request
        .headers
        .set(HeaderName::MinSe, config.min_se_s.max(FLOOR_S).to_string());
}

/// The longer interval that a 422 demands, if it is within reason.
pub(super) fn demanded(response: &Response) -> Option<u32> {
    const LONGEST_S: u32 = 24 * 3600;
    response
        .headers
        .min_se()
        .filter(|seconds| (FLOOR_S..=LONGEST_S).contains(seconds))
}

impl Leg {
    /// Agrees to what a request of theirs asks and says so in our 2xx.
    pub fn grant_session(&mut self, core: &Core, ask: Ask, response: &mut Response) {
        let granted = ask.grant(self.session, &core.config);
        if let Some(session) = granted {
            let who = if session.ours { "uas" } else { "uac" };
            response.headers.push(
                HeaderName::SessionExpires,
                format!("{};refresher={who}", session.interval_s),
            );
            if !session.ours {
                response.headers.push(HeaderName::Require, "timer");
            }
        }
        self.run_session(core.now, granted);
    }

    /// Takes what the 2xx to a request of ours grants (RFC 4028 §7.2).
    pub fn take_session(&mut self, core: &Core, response: &Response) {
        let granted = response.headers.session_expires().map(|(seconds, refresher)| Session {
            interval_s: seconds.max(FLOOR_S),
            ours: refresher != Some(Refresher::Uas),
        });
        self.run_session(core.now, granted);
    }

    /// Starts, restarts or stops both timers.
    fn run_session(&mut self, now: Now, session: Option<Session>) {
        self.session = session;
        self.timers.stop(Timer::SessionRefresh);
        self.timers.stop(Timer::SessionExpires);
        let Some(Session { interval_s, ours }) = session else {
            return;
        };
        // The side that does not refresh gives up min(32, a third) before the end (RFC 4028 §10).
        let last_call_s = interval_s - (interval_s / 3).min(32);
        let after = |seconds| now.mono + Duration::from_secs(u64::from(seconds));
        self.timers.set(Timer::SessionExpires, after(last_call_s));
        if ours {
            self.timers.set(Timer::SessionRefresh, after(interval_s / 2));
        }
    }

    /// Half of the interval is over: refresh, by UPDATE where the peer takes it (RFC 4028 §7.4).
    pub fn refresh_session(&mut self, core: &mut Core) {
        if !matches!(self.phase, Phase::Talking) {
            return;
        }
        if self.peer_updates {
            let mut update = self.request(core, Method::Update);
            ask(&mut update, self.session, &core.config);
            self.send(core, update, Purpose::Update { offers: false });
        } else if self.wanted.is_none() {
            self.wanted.clone_from(&self.local_sdp);
            self.offer_if_possible(core);
        }
    }

    /// Nobody refreshed: the far side is gone (RFC 4028 §10).
    pub fn session_expired(&mut self, core: &mut Core) {
        self.leave(core, LegEnd::SessionExpired, None);
    }
}
