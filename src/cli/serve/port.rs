//! What the operators' port shows and asks for, answered by the running server.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::call::CallView;
use crate::engine::{Handle, Server, clock};
use crate::http::{
    self, Answer, Control, Figures, LiveCall, NotReloaded, Number, Readiness, RecentCall, Reloaded, Site, Status,
    TrunkState,
};
use crate::kernel::{EndedBy, Wall};
use crate::store::ledger::{CallFilter, Order};

/// How often the shards are asked for their calls.
const LOOK: Duration = Duration::from_secs(1);

/// The server as the port sees it.
pub(super) struct Operators {
    handle: Handle,
    dial: Vec<(&'static str, SocketAddr)>,
    started: Wall,
    live: Mutex<Vec<CallView>>,
    stop: Arc<Notify>,
}

impl Operators {
    pub(super) fn new(server: &Server, started: Wall, stop: Arc<Notify>) -> Self {
        Self {
            handle: server.handle().clone(),
            dial: server.addresses().to_vec(),
            started,
            live: Mutex::default(),
            stop,
        }
    }

    /// Keeps the picture fresh; ends with the runtime.
    pub(super) async fn look_after(self: Arc<Self>) {
        loop {
            let calls = self.handle.calls().await;
            *self.live.lock().unwrap_or_else(PoisonError::into_inner) = calls;
            tokio::time::sleep(LOOK).await;
        }
    }

    fn views(&self) -> Vec<CallView> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        let show = |call: CallView| LiveCall {
            id: call.id,
            from: call.from,
            to: call.to,
            hotline: call.hotline,
            since: call.arrived.wall,
            step: call.step,
        };
        self.views().into_iter().map(show).collect()
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

impl Control for Operators {
    fn reload(&self) -> Pin<Box<dyn Future<Output = Result<Reloaded, NotReloaded>> + Send + '_>> {
        Box::pin(async move {
            let counts = self.handle.reload().await.map_err(NotReloaded)?;
            Ok(Reloaded {
                numbers: counts.numbers,
                flows: counts.flows,
            })
        })
    }

    fn drain(&self) {
        self.stop.notify_one();
    }
}
