//! How operations fail, as the description tells it. The words themselves are those of [`Error`](crate::http::Error).

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};

/// 错误。Why a request was not served.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "error": "not_signed_in", "message": "坐席尚未签入：请先签入" }))]
pub(in crate::http) struct Problem {
    /// 稳定的英文代码 the stable word that programs go by
    error: String,
    /// 中文说明与处理办法 what is wrong and what to do, for people
    message: String,
    /// 逐条问题 each problem, where there are several
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problems: Option<Vec<String>>,
}

/// One way to fail.
pub(super) struct Answer {
    pub name: &'static str,
    pub status: &'static str,
    pub response: Response,
    /// Whether an operation (its path and method) may fail so.
    pub applies: fn(&str, &str, &Operation) -> bool,
}

fn answer(
    name: &'static str,
    status: &'static str,
    description: &str,
    applies: fn(&str, &str, &Operation) -> bool,
) -> Answer {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .build();
    Answer {
        name,
        status,
        response,
        applies,
    }
}

/// Operations that need a token: all but the description itself.
fn guarded(path: &str) -> bool {
    !path.ends_with("/openapi.json")
}

fn has_tag(operation: &Operation, names: &[&str]) -> bool {
    let tags = operation.tags.iter().flatten();
    tags.map(String::as_str).any(|tag| names.contains(&tag))
}

/// Every way to fail that several operations share.
pub(super) fn answers() -> [Answer; 10] {
    [
        answer(
            "Invalid",
            "400",
            "`invalid` 请求不符合要求",
            |_, _, operation| operation.request_body.is_some() || operation.parameters.is_some(),
        ),
        answer(
            "Unauthorized",
            "401",
            "`unauthorized` 缺少令牌或令牌无效；二者不作区分",
            |path, _, _| guarded(path),
        ),
        answer(
            "Forbidden",
            "403",
            "`forbidden` 令牌无权执行（不透露对象是否存在）；`not_allowed` 坐席角色不允许；`number_not_allowed` 号码不允许呼出",
            |path, _, _| guarded(path),
        ),
        answer(
            "NotFound",
            "404",
            "`not_found` 没有这个对象；`unknown_agent` `unknown_queue` `unknown` 没有这个坐席、队列或去向",
            |path, _, operation| path.contains('{') || has_tag(operation, &["orders"]),
        ),
        answer(
            "Conflict",
            "409",
            "`no_call` 没有可操作的通话；`not_now` 当前状态不允许；`not_signed_in` 未签入；`too_late` 已太迟；\
             `no_more_time` 不能再延长；`unreachable` 联系不上；`exists` 同名已存在；`full` 数量已满",
            |_, method, operation| {
                method != "get"
                    && has_tag(
                        operation,
                        &["agents", "orders", "calls", "call-backs", "accounts", "tokens"],
                    )
            },
        ),
        answer(
            "TooLarge",
            "413",
            "`too_large` 请求内容超过 16 KiB",
            |_, _, operation| operation.request_body.is_some(),
        ),
        answer(
            "MediaType",
            "415",
            "`media_type` 请求内容须为 JSON",
            |_, _, operation| operation.request_body.is_some(),
        ),
        answer(
            "WeakPassword",
            "422",
            "`weak_password` 密码不安全",
            |_, method, operation| method != "delete" && has_tag(operation, &["accounts"]),
        ),
        answer(
            "TooManyFailures",
            "429",
            "`too_many_failures` 来自该地址的错误令牌过多；`Retry-After` 秒后再试",
            |path, _, _| guarded(path),
        ),
        answer(
            "Away",
            "503",
            "`ledger_away` 台账暂不可用；`calls_away` 通话处理暂无应答；`no_room` 驻留位或通话数已满；`too_many_streams` 事件流已满",
            |path, _, _| guarded(path),
        ),
    ]
}
