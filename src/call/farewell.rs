//! Goodbye to the telephones of a run that was cut off: their calls are nobody's any more.

use crate::kernel::{Dialog, EventKind, LegId, Now};
use crate::sip::Flow;
use crate::sip::ua::FarewellError;

use super::exchange::Exchange;
use super::live::Phase;

/// What a telephone may show. Plain ASCII: an old one that stumbles over a header would stay in silence.
const WHY: &str = "Server restarted, please call again";

impl Exchange {
    /// A leg stands: what is needed to say goodbye in it from another life goes on record. Nothing waits for it.
    pub(super) fn dialog_stands(&mut self, leg: LegId, now: Now) {
        let Some(call) = self.desk.by_leg.get(&leg).copied() else {
            return;
        };
        let goes_on = self.calls.get(&call).is_some_and(|call| call.phase != Phase::Ending);
        if let Some(dialog) = self.desk.ua.dialog(leg).filter(|_| goes_on) {
            let dialog = Box::new(dialog);
            self.desk.note(call, EventKind::DialogOpened { dialog }, now);
        }
    }

    /// Says BYE in a dialog of the last run. `flow`: the way to it.
    ///
    /// # Errors
    /// [`FarewellError`]: the dialog cannot be read, nothing was sent.
    pub fn farewell(&mut self, dialog: &Dialog, flow: Flow, now: Now) -> Result<(), FarewellError> {
        let said = self.desk.ua.farewell(dialog, flow, WHY, now);
        self.turn(now);
        said
    }
}
