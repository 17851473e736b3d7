//! The SIP dialogs of a call that stand: whoever finds the call interrupted says goodbye in them. Knows no SIP beyond the
//! user part of a URI.

use crate::kernel::Dialog;

use super::{CallRecord, keep};

/// Dialogs kept of one call: the citizen's, and those of everybody who joined. The first are the ones that matter.
const DIALOGS_MAX: usize = 32;

impl CallRecord {
    pub(super) fn dialog_opened(&mut self, dialog: &Dialog) {
        let same = |known: &Dialog| known.call_id == dialog.call_id && known.local_tag == dialog.local_tag;
        if let Some(known) = self.dialogs.iter_mut().find(|known| same(known)) {
            dialog.clone_into(known);
        } else {
            keep(&mut self.dialogs, dialog.clone(), DIALOGS_MAX, &mut self.left_out);
        }
    }

    /// Whoever left has hung up, or was hung up on.
    pub(super) fn close_dialogs_of(&mut self, who: &str) {
        self.dialogs
            .retain(|dialog| user(&dialog.remote_uri) != who && user(&dialog.target) != who);
    }
}

/// The user part of a SIP URI, with or without angle brackets; empty if it has none.
fn user(uri: &str) -> &str {
    let bare = uri.rsplit('<').next().unwrap_or(uri);
    let behind_scheme = bare.split_once(':').map_or(bare, |(_, rest)| rest);
    behind_scheme.split_once('@').map_or("", |(user, _)| user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_of_a_uri() {
        assert_eq!(user("sip:8001@192.0.2.1:5060"), "8001");
        assert_eq!(user("\"Li\" <sip:li.wei@example.com>;tag=1"), "li.wei");
        assert_eq!(user("sip:192.0.2.1"), "");
    }
}
