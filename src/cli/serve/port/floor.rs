//! The live floor: a picture of it, and orders to it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Operators, status};
use crate::call::{Denied, Done, Order};
use crate::engine::clock;
use crate::http::Answer;
use crate::http::house::{Feed, Floor, Picture, Registration};
use crate::sip::registrar::Binding;

/// How long a picture is good for others who ask: a hundred wallboards cost the calls no more than one.
const FRESH: Duration = Duration::from_millis(100);

/// A picture, and when it was taken.
pub(super) type Taken = (Instant, Arc<Picture>);

impl Operators {
    async fn take(&self) -> Picture {
        let seq = self.last(); // before anything else is asked: what is told then is not older
        let room = self.handle.room().await;
        let calls = self.handle.calls().await;
        let phones = self.handle.registrations().await;
        Picture {
            seq,
            at: clock::wall(),
            agents: room.agents,
            queues: room.queues,
            calls: calls.into_iter().map(status::live).collect(),
            debts: room.debts,
            registrations: phones.into_iter().map(registration).collect(),
        }
    }

    /// Whoever changed something wants to see what came of it.
    pub(super) async fn forget_picture(&self) {
        *self.picture.lock().await = None;
    }
}

fn registration(phone: Binding) -> Registration {
    let flow = phone.flow;
    Registration {
        user: phone.user,
        contact: phone.contact.to_string(),
        from: format!("{} {}", flow.transport.as_str().to_lowercase(), flow.remote),
        user_agent: phone.user_agent,
        expires: phone.expires,
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
            self.forget_picture().await;
            Ok(done)
        })
    }
}
