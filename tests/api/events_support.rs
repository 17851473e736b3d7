//! Events that hold something private.

use yihao::kernel::{EventKind, PhoneNumber};

use super::town::citizen;

/// A call comes in.
pub fn invite() -> EventKind {
    EventKind::Invite {
        from: citizen(),
        to: PhoneNumber::new("12345"),
        hotline: None,
        trunk: None,
        sip_call_id: "a@b".into(),
        source: "192.0.2.1:5060".into(),
        placed_by: None,
    }
}

/// The citizen presses keys.
pub fn keys() -> EventKind {
    EventKind::Keys {
        step: "main.id".into(),
        keys: "4105".into(),
    }
}
