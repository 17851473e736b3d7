//! Showing agents. A running server writes telephones down within a few seconds; the list is that old.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::super::{Done, say, table};
use crate::config::Config;
use crate::engine::clock;
use crate::kernel::{AgentId, Role};
use crate::sip::registrar::Binding;
use crate::store::people::People;

pub(super) async fn list(config: &Config, people: &People) -> Done {
    let phones = registered(people).await?;
    let agents = people.agents().await?;
    let rows: Vec<Vec<String>> = agents
        .iter()
        .map(|agent| {
            let profile = &agent.profile;
            let mut notes = Vec::new();
            notes.extend((!agent.enabled).then_some("停用 disabled"));
            notes.extend((agent.realm != config.registrar.realm).then_some("须重设密码 password for another realm"));
            notes.extend(agent.test_password.then_some("测试密码 test password"));
            vec![
                profile.id.to_string(),
                profile.name.clone(),
                role(profile.role).to_owned(),
                words(&profile.queues),
                words(&profile.skills),
                phones.get(profile.id.as_str()).map_or(0, Vec::len).to_string(),
                notes.join("，"),
            ]
        })
        .collect();
    table::print(&["账号", "姓名", "角色", "队列", "技能", "话机", "备注"], &rows);
    say(format_args!("共 {} 个坐席 accounts\n", rows.len()));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn one(config: &Config, people: &People, id: &AgentId) -> Done {
    let Some(agent) = people.agent(id).await? else {
        return Err(super::nobody(id).into());
    };
    let profile = &agent.profile;
    let time = |at| table::time(at, &config.time_zone);
    let wrap_up = profile.wrap_up.map_or_else(
        || "按队列 the queue's".to_owned(),
        |own| format!("{} 秒 s", own.as_secs()),
    );
    let password = match (agent.realm == config.registrar.realm, agent.test_password) {
        (false, _) => "须重设：为另一 realm 设置 set for another realm",
        (true, true) => "测试密码，不安全 a test's, not secure",
        (true, false) => "已设置 set",
    };
    let enabled = if agent.enabled {
        "启用 enabled"
    } else {
        "停用 disabled"
    };
    let rows = [
        ("账号 account", profile.id.to_string()),
        ("姓名 name", profile.name.clone()),
        ("角色 role", role(profile.role).to_owned()),
        ("状态 state", enabled.to_owned()),
        ("队列 queues", words(&profile.queues)),
        ("技能 skills", words(&profile.skills)),
        ("话后整理 wrap-up", wrap_up),
        ("密码 password", password.to_owned()),
        ("建立 made", time(agent.created)),
        ("修改 changed", time(agent.changed)),
    ];
    for (what, text) in rows {
        say(format_args!("{what}: {text}\n"));
    }
    let phones = registered(people).await?.remove(id.as_str()).unwrap_or_default();
    say(format_args!("话机 telephones: {}\n", phones.len()));
    let rows: Vec<Vec<String>> = phones
        .iter()
        .map(|phone| {
            let from = format!("{} {}", phone.flow.transport.as_str(), phone.flow.remote);
            vec![
                from,
                phone.contact.to_string(),
                time(phone.expires),
                phone.user_agent.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        table::print(&["来自 from", "Contact", "到期 until", "User-Agent"], &rows);
    }
    Ok(ExitCode::SUCCESS)
}

/// Telephones whose time is not over, by account.
async fn registered(people: &People) -> Result<BTreeMap<String, Vec<Binding>>, Box<dyn std::error::Error>> {
    let now = clock::wall();
    let mut by_user: BTreeMap<String, Vec<Binding>> = BTreeMap::new();
    for binding in people.bindings().await? {
        if binding.expires > now {
            by_user.entry(binding.user.clone()).or_default().push(binding);
        }
    }
    Ok(by_user)
}

fn words(levels: &BTreeMap<String, u8>) -> String {
    let each: Vec<String> = levels.iter().map(|(word, number)| format!("{word}:{number}")).collect();
    each.join(" ")
}

pub(in crate::cli) const fn role(role: Role) -> &'static str {
    match role {
        Role::Agent => "坐席 agent",
        Role::Supervisor => "班长 supervisor",
        Role::Admin => "管理员 admin",
    }
}
