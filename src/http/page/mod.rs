//! The status page, in simplified Chinese: what to dial and how things are. Written on the server, no script, nothing from outside.

mod escape;
mod floor;
mod show;

use axum::http::header;
use axum::response::IntoResponse;

pub(super) use show::show;

/// `GET /style.css`
pub(super) async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("style.css"),
    )
}
