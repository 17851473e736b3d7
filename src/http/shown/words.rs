//! Closed lists of words, as the description of the API has them: made from the kernel's own lists, so that they cannot differ.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::kernel::{AgentStatus, EndReason, EndedBy, Part, Role};

fn words(description: &str, words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some(description))
        .enum_values(Some(words))
        .build()
        .into()
}

/// A schema without a value: only the description names it.
macro_rules! closed_list {
    ($name:ident, $description:literal, $words:expr) => {
        #[doc = $description]
        pub(in crate::http) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                words($description, $words)
            }
        }

        impl ToSchema for $name {}
    };
}

closed_list!(
    StatusWord,
    "坐席状态 What an agent does: signed_out 签出, available 空闲, paused 暂停, ringing 振铃, talking 通话, holding 保持, wrap_up 话后整理.",
    AgentStatus::ALL.map(AgentStatus::as_str)
);
closed_list!(
    RoleWord,
    "角色 What somebody may do: agent 坐席, supervisor 班长, admin 管理员; each may also do what those before it may.",
    [Role::Agent, Role::Supervisor, Role::Admin].map(role)
);
closed_list!(
    EndedByWord,
    "由谁结束 Who ended the call: caller 来电人, callee 被叫方, system 系统.",
    [EndedBy::Caller, EndedBy::Callee, EndedBy::System].map(EndedBy::as_str)
);
closed_list!(
    EndReasonWord,
    "结束原因 Why the call ended.",
    EndReason::ALL.map(EndReason::as_str)
);
closed_list!(
    PartWord,
    "参与方式 What part somebody plays: agent 主办坐席, consulted 被咨询, third 第三方, listening 监听, whispering 密语, barging 强插.",
    PARTS.map(part)
);
closed_list!(
    EventWord,
    "事件类型 Kind of an event.",
    crate::http::events::KINDS.iter().copied()
);

/// The stable name of a role.
pub(in crate::http) const fn role(role: Role) -> &'static str {
    match role {
        Role::Agent => "agent",
        Role::Supervisor => "supervisor",
        Role::Admin => "admin",
    }
}

const PARTS: [Part; 6] = [
    Part::Agent,
    Part::Consulted,
    Part::Third,
    Part::Listening,
    Part::Whispering,
    Part::Barging,
];

/// The stable name of a part.
pub(in crate::http) const fn part(part: Part) -> &'static str {
    match part {
        Part::Agent => "agent",
        Part::Consulted => "consulted",
        Part::Third => "third",
        Part::Listening => "listening",
        Part::Whispering => "whispering",
        Part::Barging => "barging",
    }
}
