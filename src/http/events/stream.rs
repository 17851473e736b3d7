//! `GET /api/v1/events`: server-sent events, from any place in the journal on, without gap and without double.

use std::convert::Infallible;
use std::fmt::Write;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::filter::{Filter, Wanted};
use super::mask::Eyes;
use super::places::Place;
use super::view::EventShown;
use crate::http::access::Caller;
use crate::http::extract::Wish;
use crate::http::house::{Entry, Following};
use crate::http::{App, Error};

/// Events that may be asked for again at most; who is further behind starts from a snapshot.
const REPLAY_MAX: u64 = 100_000;
/// What a client waits before it comes back, milliseconds.
const RETRY_MS: u32 = 3_000;

#[utoipa::path(
    get, path = "/events", tag = "events", operation_id = "stream_events",
    summary = "事件流 · server-sent events",
    description = "Each message: `id` the sequence number, `event` the type, `data` an Event as JSON. A comment or an `id` alone comes at least every 15 seconds. \
        To start a page: take `/api/v1/snapshot`, then follow from its `seq`. After a cut, go on with `Last-Event-ID`. \
        Numbers are masked; an `agent` token does not see what citizens pressed, how they judged, notes, and who looked at private data.",
    params(
        Filter,
        ("last-event-id" = Option<u64>, Header, description = "断线重连时的最后序号 the last id heard, after a cut; counts before `after`"),
    ),
    responses(
        (status = 200, description = "事件流，不会自行结束 does not end by itself", body = EventShown, content_type = "text/event-stream"),
        (status = 410, description = "`too_old`：请从快照重新开始 start again from a snapshot", body = crate::http::openapi::Problem),
    ),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn stream(
    caller: Caller,
    Wish(filter): Wish<Filter>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let last = app.house.feed.last();
    let after = last_event_id(&headers)?.or(filter.after).unwrap_or(last);
    if after > last || last - after > REPLAY_MAX {
        return Err(Error::TooOld);
    }
    let wanted = filter.wanted()?;
    let place = app.places.take(&caller.bearer().id)?;
    let line = Line {
        following: app.house.feed.follow(after),
        eyes: Eyes::of(caller.role()),
        heard: after,
        beat: Instant::now() + app.beat,
        stop: app.stop.clone(),
        wanted,
        caller,
        app,
        _place: place,
    };
    let hello = format!("retry: {RETRY_MS}\nid: {after}\n\n");
    let octets = stream::unfold((Some(hello), line), |(hello, mut line)| async move {
        let text = match hello {
            Some(hello) => hello,
            None => line.next().await?,
        };
        Some((Ok::<_, Infallible>(text), (None, line)))
    });
    let fields = [
        (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        // Said to proxies that would keep the events until they have enough of them.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((fields, Body::from_stream(octets)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Error> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    number
        .map(Some)
        .ok_or_else(|| Error::Invalid("Last-Event-ID 须为事件序号".into()))
}

/// One client's line.
struct Line {
    following: Box<dyn Following>,
    wanted: Wanted,
    eyes: Eyes,
    /// The last event that passed, told or not.
    heard: u64,
    /// When something has to be said.
    beat: Instant,
    stop: watch::Receiver<bool>,
    caller: Caller,
    app: App,
    _place: Place,
}

impl Line {
    /// What is to be written next; `None`: the line ends.
    async fn next(&mut self) -> Option<String> {
        loop {
            let entries = tokio::select! {
                entries = self.following.next() => Some(entries),
                () = sleep_until(self.beat) => None,
                _ = self.stop.wait_for(|stop| *stop) => return None,
            };
            let text = match entries {
                Some(Ok(entries)) => self.tell(&entries),
                Some(Err(error)) => {
                    tracing::warn!(%error, "an event stream ends");
                    return None; // the client comes back by itself
                }
                // A token that was revoked hears no more.
                None if !self.app.gate.still_valid(&self.caller).await => return None,
                None => format!(": beat\nid: {}\n\n", self.heard),
            };
            if !text.is_empty() {
                self.beat = Instant::now() + self.app.beat;
                return Some(text);
            }
        }
    }

    fn tell(&mut self, entries: &[Entry]) -> String {
        let mut text = String::new();
        for (seq, event) in entries {
            self.heard = *seq;
            let shown = EventShown::of(*seq, event, self.eyes, &self.app.times);
            let Some(shown) = shown.filter(|shown| self.wanted.has(shown)) else {
                continue;
            };
            // JSON has no line breaks of its own, so one line of data is enough. Writing into a String cannot fail.
            let data = serde_json::to_string(&shown).unwrap_or_default();
            let _ = write!(text, "id: {}\nevent: {}\ndata: {data}\n\n", shown.seq(), shown.kind());
        }
        text
    }
}

/// How often something is said: each 15 s, or twice in the time after which the port cuts a silent connection.
pub(in crate::http) fn beat(request_timeout: Duration) -> Duration {
    const BEAT: Duration = Duration::from_secs(15);
    BEAT.min(request_timeout / 2).max(Duration::from_millis(10))
}
