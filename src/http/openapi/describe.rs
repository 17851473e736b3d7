//! What the description says besides its operations: who we are, the token, what every operation may answer.

use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, Ref, RefOr};

use super::errors::{Problem, answers};
use crate::http::shown::{EndReasonWord, EndedByWord, EventWord, PartWord, RoleWord, StatusWord};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "yihao 一号 · 政务服务热线接口",
        description = "坐席、队列、通话、待回拨、录音与事件流。\n\n\
            Agents, queues, calls, call-backs, recordings and the event stream of the hotline's telephone server.\n\n\
            - 访问令牌：`Authorization: Bearer …`，角色 agent（坐席）、supervisor（班长）、admin（管理员），后者包含前者的权限。\
            Each operation names the least role. A token that is bound to an agent acts for him alone; an `agent` token that is bound to nobody may only look.\n\
            - 时间为 RFC 3339，带毫秒与时区。Times are RFC 3339 in the site's zone; spans are whole seconds (`_s`) or milliseconds (`_ms`).\n\
            - 号码一律打码；查看完整号码须说明理由并记入审计。Numbers are masked; `reveal` shows a whole one for a reason that is noted.\n\
            - 错误：`error` 为稳定的英文代码，`message` 为中文说明与处理办法。",
        version = env!("CARGO_PKG_VERSION"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "about", description = "关于接口 · about the API"),
        (name = "agents", description = "坐席及其状态 · agents and what they do"),
        (name = "orders", description = "通话操作：拨出、保持、转接、三方、监听 · what an agent does with a call"),
        (name = "queues", description = "队列 · queues"),
        (name = "calls", description = "通话与记录 · calls and their records"),
        (name = "call-backs", description = "待回拨 · citizens who are owed a call"),
        (name = "recordings", description = "录音 · recordings"),
        (name = "events", description = "快照与事件流 · snapshot and event stream"),
        (name = "registrations", description = "话机注册 · telephones"),
        (name = "accounts", description = "坐席账号管理 · accounts"),
        (name = "tokens", description = "访问令牌管理 · tokens"),
    ),
    components(schemas(Problem, StatusWord, RoleWord, EndedByWord, EndReasonWord, EventWord, PartWord)),
)]
struct Base;

/// The document before any operation.
pub(in crate::http) fn described() -> Document {
    let mut document = Base::openapi();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    for answer in answers() {
        components
            .responses
            .insert(answer.name.to_owned(), answer.response.into());
    }
    document
}

/// Says for each operation how it may fail, and who may use it.
pub(in crate::http) fn complete(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            for answer in answers() {
                if (answer.applies)(path, method, operation) {
                    let known = &mut operation.responses.responses;
                    known
                        .entry(answer.status.to_owned())
                        .or_insert_with(|| RefOr::Ref(Ref::from_response_name(answer.name)));
                }
            }
        }
    }
}

/// The operations of a path that there can be here.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}
