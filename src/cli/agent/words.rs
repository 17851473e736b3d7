//! Words of the command line and of a CSV file: names, roles, `queue:tier`, `skill:level`. One reading for both.

use crate::kernel::{AgentId, Role};

/// Longest name of a person, a queue or a skill, characters.
const NAME_MAX_CHARS: usize = 64;
/// Highest tier of a queue.
const TIER_MAX: u8 = 100;
/// Highest level of a skill.
const LEVEL_MAX: u8 = 10;

pub(in crate::cli) fn agent_id(text: &str) -> Result<AgentId, String> {
    AgentId::parse(text)
        .ok_or_else(|| "账号须为 1 至 32 个字母、数字、点、下划线或连字符 (1–32 of A–Z a–z 0–9 . _ -)".into())
}

pub(in crate::cli) fn role(text: &str) -> Result<Role, String> {
    match text {
        "agent" | "坐席" => Ok(Role::Agent),
        "supervisor" | "班长" => Ok(Role::Supervisor),
        "admin" | "管理员" => Ok(Role::Admin),
        _other => Err("角色须为 agent（坐席）、supervisor（班长）或 admin（管理员）".into()),
    }
}

/// A name for people: one line, as it is shown in tables.
pub(in crate::cli) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let fits = (1..=NAME_MAX_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
        .ok_or_else(|| "名称须为 1 至 64 个字符，不含控制字符 (1–64 characters on one line)".into())
}

/// `general:1`, or `general` for tier 1.
pub(super) fn tier(text: &str) -> Result<(String, u8), String> {
    numbered(
        text,
        Some(1),
        TIER_MAX,
        "队列梯次须为 1 至 100，如 general:1 (a queue with its tier)",
    )
}

/// `english:7`
pub(super) fn level(text: &str) -> Result<(String, u8), String> {
    numbered(
        text,
        None,
        LEVEL_MAX,
        "技能等级须为 1 至 10，如 english:7 (a skill with its level)",
    )
}

fn numbered(text: &str, default: Option<u8>, max: u8, complaint: &str) -> Result<(String, u8), String> {
    let (word, number) = match text.rsplit_once(':') {
        Some((word, number)) => (word, number.parse().ok()),
        None => (text, default),
    };
    match number.filter(|n| (1..=max).contains(n)) {
        Some(number) => Ok((name(word)?, number)),
        None => Err(format!("{text:?}：{complaint}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_and_skills_have_numbers_in_their_range() {
        assert_eq!(tier("general"), Ok(("general".into(), 1)));
        assert_eq!(tier("政务:100"), Ok(("政务".into(), 100)));
        assert_eq!(level("english:10"), Ok(("english".into(), 10)));
        for bad in ["general:0", "general:101", "general:x", ":1", ""] {
            assert!(tier(bad).is_err(), "{bad:?}");
        }
        for bad in ["english", "english:0", "english:11"] {
            assert!(level(bad).is_err(), "{bad:?}");
        }
    }
}
