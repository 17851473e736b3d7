//! `yihao token`: tokens of the HTTP port. A secret is shown once and kept as a hash.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::agent::{self, words};
use super::{Done, say, table};
use crate::config::Config;
use crate::engine::clock;
use crate::kernel::{AgentId, Role, Wall};
use crate::store::people::{NewToken, People, Token};

/// What to do with tokens.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// 新建令牌 Make a token; its secret is shown this once
    Add(Add),
    /// 列出令牌 All tokens, without their secrets
    List,
    /// 吊销令牌 End a token at once
    Revoke {
        /// Its id, as `list` shows it
        id: String,
    },
}

#[derive(Args, Debug)]
struct Add {
    /// Name for people: what it is for
    #[arg(long, value_parser = words::name)]
    name: String,
    /// agent, supervisor, admin
    #[arg(long, value_parser = words::role)]
    role: Role,
    /// The only agent that it may act for
    #[arg(long, value_parser = words::agent_id)]
    agent: Option<AgentId>,
    /// Days until it ends by itself; without it, it ends when it is revoked
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: Option<u32>,
}

/// Does it.
pub(super) fn run(config: &Config, arguments: &Arguments) -> Done {
    super::runtime()?.block_on(async {
        let people = agent::open(config).await?;
        let done = match &arguments.command {
            Command::Add(more) => add(&people, more).await,
            Command::List => list(config, &people).await,
            Command::Revoke { id } => revoke(&people, id).await,
        };
        people.close().await;
        done
    })
}

async fn add(people: &People, wanted: &Add) -> Done {
    let now = clock::wall();
    let day = Duration::from_secs(86_400);
    let new = NewToken {
        name: wanted.name.clone(),
        role: wanted.role,
        agent: wanted.agent.clone(),
        made_by: "cli".into(),
        expires: wanted.days.map(|days| now + day * days),
    };
    let (token, secret) = people.create_token(new, now).await?;
    say(format_args!(
        "已新建令牌 {}（{}）。the token is made\n",
        token.id, token.name
    ));
    say(format_args!("令牌（仅显示这一次）token, shown this once: {secret}\n"));
    Ok(ExitCode::SUCCESS)
}

async fn list(config: &Config, people: &People) -> Done {
    let now = clock::wall();
    let tokens = people.list_tokens().await?;
    let rows: Vec<Vec<String>> = tokens.iter().map(|token| row(token, config, now)).collect();
    table::print(&["id", "名称", "角色", "坐席", "建立", "建立者", "状态"], &rows);
    Ok(ExitCode::SUCCESS)
}

fn row(token: &Token, config: &Config, now: Wall) -> Vec<String> {
    let time = |at| table::time(at, &config.time_zone);
    let state = match (token.revoked, token.expires) {
        (Some(at), _) => format!("已吊销 revoked {}", time(at)),
        (None, Some(at)) if at <= now => format!("已过期 ended {}", time(at)),
        (None, Some(at)) => format!("有效至 good until {}", time(at)),
        (None, None) => "有效 good".to_owned(),
    };
    vec![
        token.id.clone(),
        token.name.clone(),
        agent::role_name(token.role).to_owned(),
        token.agent.as_ref().map(ToString::to_string).unwrap_or_default(),
        time(token.made),
        token.made_by.clone(),
        state,
    ]
}

async fn revoke(people: &People, id: &str) -> Done {
    people.revoke_token(id, clock::wall()).await?;
    say(format_args!("已吊销令牌 {id}。the token is ended\n"));
    Ok(ExitCode::SUCCESS)
}
