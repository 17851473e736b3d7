//! Why an order was not carried out, for people and for programs. One table; knows nothing of how orders are carried out.

use axum::http::StatusCode;

use crate::call::Denied;
use crate::queue::Refused;

/// How a refusal is told.
pub(super) struct Words {
    /// Status of the answer.
    pub status: StatusCode,
    /// The stable word.
    pub code: &'static str,
    /// What is wrong, and what to do.
    pub message: &'static str,
}

const fn told(status: StatusCode, code: &'static str, message: &'static str) -> Words {
    Words { status, code, message }
}

/// The words for each refusal.
pub(super) const fn words(denied: Denied) -> Words {
    match denied {
        Denied::Floor(refused) => floor(refused),
        Denied::NoCall => told(
            StatusCode::CONFLICT,
            "no_call",
            "坐席当前没有可操作的通话：请先接起或拨出电话，或核对通话状态",
        ),
        Denied::Unknown => told(
            StatusCode::NOT_FOUND,
            "unknown",
            "没有这个队列、坐席、驻留号、通话或待回拨：请核对名称",
        ),
        Denied::NotAllowed => told(
            StatusCode::FORBIDDEN,
            "not_allowed",
            "该坐席的角色不允许此操作：请由班长席执行，或请管理员调整角色",
        ),
        Denied::NumberNotAllowed => told(
            StatusCode::FORBIDDEN,
            "number_not_allowed",
            "此号码不在允许呼出的范围内：请核对号码，或请管理员修改允许呼出的号码",
        ),
        Denied::Unreachable => told(
            StatusCode::CONFLICT,
            "unreachable",
            "联系不上：话机未注册或中继不通，请检查话机与中继后重试",
        ),
        Denied::NotNow => told(
            StatusCode::CONFLICT,
            "not_now",
            "当前状态下不能这样操作：请查看坐席与通话的状态后再试",
        ),
        Denied::Full => told(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_room",
            "驻留位或通话数已满：请稍后再试",
        ),
    }
}

const fn floor(refused: Refused) -> Words {
    match refused {
        Refused::UnknownAgent => told(StatusCode::NOT_FOUND, "unknown_agent", "没有这个坐席：请核对坐席账号"),
        Refused::UnknownQueue => told(StatusCode::NOT_FOUND, "unknown_queue", "没有这个队列：请核对队列名称"),
        Refused::NotSignedIn => told(StatusCode::CONFLICT, "not_signed_in", "坐席尚未签入：请先签入"),
        Refused::NotNow => told(
            StatusCode::CONFLICT,
            "not_now",
            "当前状态下不能这样操作：请查看坐席与通话的状态后再试",
        ),
        Refused::TooLate => told(StatusCode::CONFLICT, "too_late", "来电已被接走或已挂断：无需再操作"),
        Refused::NoMoreTime => told(
            StatusCode::CONFLICT,
            "no_more_time",
            "话后整理时间已到上限，不能再延长：请尽快完成并置闲",
        ),
    }
}
