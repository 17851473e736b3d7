//! Calls as the API tells them: numbers masked, times in the site's zone.

mod list;

pub(super) use list::list;
