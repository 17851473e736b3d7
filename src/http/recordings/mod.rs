//! Recordings: which there are, their sound, and which are kept beyond their time.

mod hold;
mod list;
mod range;
mod view;
mod wav;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(wav::wav))
        .routes(routes!(hold::hold, hold::release))
}
