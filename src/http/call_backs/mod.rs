//! Citizens who are owed a call: who they are, who takes them, how they were settled.

mod list;
mod settle;
mod take;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) use view::DebtShown;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(take::take))
        .routes(routes!(settle::settle))
}
