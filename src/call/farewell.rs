//! Goodbye to the telephones of a run that was cut off: their calls are nobody's any more.

use crate::kernel::{Dialog, Now};
use crate::sip::Flow;
use crate::sip::ua::FarewellError;

use super::exchange::Exchange;

/// What a telephone may show. Plain ASCII: an old one that stumbles over a header would stay in silence.
const WHY: &str = "Server restarted, please call again";

impl Exchange {
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
