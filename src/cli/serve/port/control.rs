//! Reload and drain.

use std::pin::Pin;

use super::Operators;
use crate::http::{Control, NotReloaded, Reloaded};

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
