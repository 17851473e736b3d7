//! Bearer tokens: made, listed, ended. Administrators only.

mod create;
mod list;
mod revoke;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(revoke::revoke))
}
