//! `GET /healthz`: the process runs and its runtime turns. Says nothing about calls.

pub(in crate::http) async fn alive() -> &'static str {
    "ok\n"
}
