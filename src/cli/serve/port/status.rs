//! The server as a whole: names, readiness, figures, calls at a glance.

use std::net::SocketAddr;

use super::Operators;
use crate::call::CallView;
use crate::engine::clock;
use crate::http::{self, Answer, Figures, LiveCall, Number, Readiness, RecentCall, Site, Status, TrunkState};
use crate::kernel::EndedBy;
use crate::store::ledger::{CallFilter, Order};

/// A call under way, as the port shows it.
pub(super) fn live(call: CallView) -> LiveCall {
    LiveCall {
        id: call.id,
        from: call.from,
        to: call.to,
        hotline: call.hotline,
        since: call.arrived.wall,
        step: call.step,
    }
}

impl Status for Operators {
    fn site(&self) -> Site {
        let config = self.handle.config();
        let numbers = self.handle.numbers();
        // Whoever has the unified number wants it tried first.
        let tried = numbers.iter().find(|(number, _)| number == "12345").or(numbers.first());
        let first = tried.map_or("12345", |(number, _)| number.as_str());
        let uri = |(transport, address): &(&'static str, SocketAddr)| match *transport {
            "tcp" => format!("sip:{first}@{address};transport=tcp"),
            _ => format!("sip:{first}@{address}"),
        };
        Site {
            name: config.site_name.clone(),
            time_zone: config.time_zone.clone(),
            started: self.started,
            dial: self.dial.iter().map(uri).collect(),
            numbers: numbers
                .into_iter()
                .map(|(number, name)| Number { number, name })
                .collect(),
        }
    }

    fn readiness(&self) -> Readiness {
        let health = self.handle.health();
        Readiness {
            sip_bound: !self.dial.is_empty(),
            journal_writable: health.journal_writable,
            dialplan_loaded: true, // a server without plans does not start
            draining: health.draining,
        }
    }

    fn figures(&self) -> Figures {
        let health = self.handle.health();
        let (calls_since_start, refused_since_start) = self.handle.totals();
        let mut alarms = Vec::new();
        if !health.journal_writable {
            alarms.push("日志无法写入磁盘：通话不受影响，记录暂存于内存".to_owned());
        }
        if !health.ledger_current {
            alarms.push("数据库暂不可用：通话不受影响，记录暂存于日志".to_owned());
        }
        Figures {
            at: clock::wall(),
            calls_since_start,
            refused_since_start,
            journal_waiting: health.journal_waiting,
            trunks: self
                .handle
                .trunks()
                .into_iter()
                .map(|(name, up)| TrunkState { name, up })
                .collect(),
            alarms,
        }
    }

    fn live(&self) -> Vec<LiveCall> {
        self.views().into_iter().map(live).collect()
    }

    fn recent(&self, limit: usize) -> Answer<'_, Vec<RecentCall>> {
        Box::pin(async move {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let found = self
                .handle
                .ledger()
                .list_calls(&CallFilter::default(), Order::NewestFirst, limit)
                .await;
            let calls = found.map_err(|error| http::Error::LedgerAway(error.to_string()))?;
            let ended = |call: crate::store::CallRecord| {
                Some(RecentCall {
                    id: call.call,
                    duration_ms: call.duration_ms().unwrap_or(0),
                    from: call.from?,
                    to: call.to?,
                    hotline: call.hotline,
                    at: call.invite_at?,
                    ended_by: call.ended_by.unwrap_or(EndedBy::System),
                    reason: call.end_reason?,
                })
            };
            Ok(calls.into_iter().filter_map(ended).collect())
        })
    }
}
