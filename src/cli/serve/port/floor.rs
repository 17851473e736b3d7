//! The live floor: a picture of it, and orders to it.

use std::sync::Arc;

use super::{Operators, status};
use crate::call::{Denied, Done, Order};
use crate::engine::clock;
use crate::http::house::{Feed, Floor, Picture};
use crate::http::{Answer, Error};

impl Floor for Operators {
    fn picture(&self) -> Answer<'_, Arc<Picture>> {
        Box::pin(async {
            let seq = self.last(); // before the calls are asked: what they tell is not older
            let calls = self.handle.calls().await;
            Ok(Arc::new(Picture {
                seq,
                at: clock::wall(),
                calls: calls.into_iter().map(status::live).collect(),
                ..Picture::default()
            }))
        })
    }

    fn order(&self, _: Order) -> Answer<'_, Result<Done, Denied>> {
        Box::pin(async { Err(Error::CallsAway("the exchange takes no orders yet".into())) })
    }
}
