//! Agents: who they are, what they do, and what they are told to do.

mod account;
mod act;
mod change;
mod create;
mod extend_wrap_up;
mod list;
mod one;
mod password;
mod pause;
mod ready;
mod remove;
mod sign_in;
mod sign_out;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) use view::AgentShown;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(one::one, change::change, remove::remove))
        .routes(routes!(password::password))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(sign_out::sign_out))
        .routes(routes!(ready::ready))
        .routes(routes!(pause::pause))
        .routes(routes!(extend_wrap_up::extend_wrap_up))
}
