//! The journal's events on their way to people's screens: named, masked, filtered, streamed.

mod filter;
mod kind;
mod mask;
mod places;
mod stream;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) use kind::KINDS;
pub(super) use mask::{Eyes, masked_name};
pub(super) use places::Places;
pub(super) use stream::beat;
pub(super) use view::EventShown;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stream::stream))
}
