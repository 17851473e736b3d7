//! What the operators' port shows and asks for, answered by the running server. One file a trait of `http`.

mod control;
mod feed;
mod floor;
mod people;
mod records;
mod sound;
mod status;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::call::CallView;
use crate::engine::{Handle, Server};
use crate::http::House;
use crate::kernel::Wall;
use crate::store::recordings::Vault;
use floor::Taken;

/// How often the shards are asked for their calls.
const LOOK: Duration = Duration::from_secs(1);

/// The server as the port sees it.
pub(super) struct Operators {
    handle: Handle,
    dial: Vec<(&'static str, SocketAddr)>,
    started: Wall,
    live: Mutex<Vec<CallView>>,
    picture: tokio::sync::Mutex<Option<Taken>>,
    vault: Arc<Vault>,
    stop: Arc<Notify>,
}

impl Operators {
    /// All that stands behind the port.
    pub(super) fn house(self: &Arc<Self>) -> House {
        House {
            status: self.clone(),
            control: self.clone(),
            floor: self.clone(),
            people: self.clone(),
            records: self.clone(),
            feed: self.clone(),
        }
    }

    pub(super) fn new(server: &Server, started: Wall, stop: Arc<Notify>) -> Self {
        Self {
            handle: server.handle().clone(),
            dial: server.addresses().to_vec(),
            started,
            live: Mutex::default(),
            picture: tokio::sync::Mutex::default(),
            vault: server.vault().clone(),
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
