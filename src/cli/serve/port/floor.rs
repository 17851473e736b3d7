//! The live floor: a picture of it, and orders to it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Operators, status};
use crate::call::{Denied, Done, Order};
use crate::engine::clock;
use crate::http::Answer;
use crate::http::house::{Feed, Floor, Picture};

/// How long a picture is good for others who ask: a hundred wallboards cost the calls no more than one.
const FRESH: Duration = Duration::from_millis(100);

/// A picture, and when it was taken.
pub(super) type Taken = (Instant, Arc<Picture>);

impl Operators {
    async fn take(&self) -> Picture {
        let seq = self.last(); // before anything else is asked: what is told then is not older
        let room = self.handle.room().await;
        let calls = self.handle.calls().await;
        Picture {
            seq,
            at: clock::wall(),
            agents: room.agents,
            queues: room.queues,
            calls: calls.into_iter().map(status::live).collect(),
            debts: room.debts,
            registrations: Vec::new(),
        }
    }
}

impl Floor for Operators {
    fn picture(&self) -> Answer<'_, Arc<Picture>> {
        Box::pin(async {
            // Whoever comes while a picture is being taken waits for it.
            let mut last = self.picture.lock().await;
            if let Some((at, picture)) = last.as_ref()
                && at.elapsed() < FRESH
            {
                return Ok(picture.clone());
            }
            let picture = Arc::new(self.take().await);
            *last = Some((Instant::now(), picture.clone()));
            Ok(picture)
        })
    }

    fn order(&self, order: Order) -> Answer<'_, Result<Done, Denied>> {
        Box::pin(async {
            let done = self.handle.order(order).await;
            *self.picture.lock().await = None; // who ordered wants to see what came of it
            Ok(done)
        })
    }
}
