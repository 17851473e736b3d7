//! Calls as the API tells them: numbers masked, times in the site's zone.

mod finished;
mod list;
mod live;
mod one;
mod outcome;
mod parts;
mod record;
mod reveal;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) use finished::time;
pub(super) use list::list;
pub(super) use live::LiveShown;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(finished::finished))
        .routes(routes!(live::all))
        .routes(routes!(live::one))
        .routes(routes!(one::one))
        .routes(routes!(reveal::reveal))
        .routes(routes!(outcome::outcome))
}
