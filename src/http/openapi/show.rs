//! `GET /api/v1/openapi.json`: the description, for people's tools. It holds nothing secret, so it needs no token.

use std::sync::OnceLock;

use axum::http::header;
use axum::response::IntoResponse;

#[utoipa::path(
    get, path = "/openapi.json", tag = "about", operation_id = "get_openapi",
    summary = "接口说明 · this description",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
    security(())
)]
pub(in crate::http) async fn show() -> impl IntoResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let (_, document) = crate::http::api();
        serde_json::to_string(&document).unwrap_or_default() // a description is always written
    });
    ([(header::CONTENT_TYPE, "application/json")], text.as_str())
}
