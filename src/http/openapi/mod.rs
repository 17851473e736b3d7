//! The description of the API (OpenAPI 3.1), made from the handlers themselves.

mod describe;
mod errors;
mod show;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) use describe::{complete, described};
pub(super) use errors::Problem;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show::show))
}
