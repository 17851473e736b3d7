//! An account as it is asked for, checked. Knows no store.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::Error;
use crate::http::extract::text::line;
use crate::http::shown::RoleWord;
use crate::kernel::{AgentId, Role};
use crate::queue::Profile;

/// Longest name of a person, characters.
const NAME_MAX_CHARS: usize = 64;
/// Longest name of a queue or skill, characters.
const WORD_MAX_CHARS: usize = 64;
/// Queues and skills of one agent at most.
const WORDS_MAX: usize = 64;
/// Longest wrap-up of one's own, seconds.
const WRAP_UP_MAX_S: u32 = 3_600;

/// 坐席资料。An account, without its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Account, example = json!({
    "name": "李伟", "role": "agent", "queues": { "general": 1 }, "skills": { "english": 5 }, "wrap_up_s": 30,
}))]
pub(in crate::http) struct AccountWish {
    /// 姓名 name for people, 1–64 characters
    name: String,
    /// 角色 role; `agent` if it is left out
    #[serde(default)]
    #[schema(value_type = RoleWord)]
    role: Role,
    /// 所属队列及梯次 queues with tier, 1–100; the lowest is asked first
    #[serde(default)]
    queues: BTreeMap<String, u8>,
    /// 技能及等级 skills with level, 1–10
    #[serde(default)]
    skills: BTreeMap<String, u8>,
    /// 个人话后整理时长 own wrap-up, seconds, 0–3600, instead of the queue's
    #[serde(default)]
    #[schema(maximum = 3600)]
    wrap_up_s: Option<u32>,
}

impl AccountWish {
    /// The profile that is asked for.
    pub(super) fn profile(self, id: AgentId) -> Result<Profile, Error> {
        let wrap_up = match self.wrap_up_s {
            Some(seconds) if seconds > WRAP_UP_MAX_S => {
                return Err(Error::Invalid("话后整理时长最多 3600 秒".into()));
            }
            other => other.map(|seconds| Duration::from_secs(seconds.into())),
        };
        Ok(Profile {
            id,
            name: line("姓名", &self.name, NAME_MAX_CHARS)?,
            role: self.role,
            queues: levels("队列", "梯次", 100, self.queues)?,
            skills: levels("技能", "等级", 10, self.skills)?,
            wrap_up,
        })
    }
}

fn levels(what: &str, level: &str, most: u8, words: BTreeMap<String, u8>) -> Result<BTreeMap<String, u8>, Error> {
    if words.len() > WORDS_MAX {
        return Err(Error::Invalid(format!("{what}最多 {WORDS_MAX} 个")));
    }
    let checked = words.into_iter().map(|(word, number)| {
        if !(1..=most).contains(&number) {
            return Err(Error::Invalid(format!("{what}的{level}须为 1 至 {most}")));
        }
        Ok((line(what, &word, WORD_MAX_CHARS)?, number))
    });
    checked.collect()
}
