//! `yihao agent`: accounts of agents in the data folder, also while the server runs: it looks at them each second.

mod import;
mod show;
pub(super) mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Done, say};
use crate::config::Config;
use crate::engine::clock;
use crate::kernel::{AgentId, Role};
use crate::queue::Profile;
use crate::store::people::{AgentWish, Credentials, People, check_password, generate_password};
use words::{agent_id, level, role, tier};

pub(super) use show::role as role_name;

/// What to do with agents.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// 新建坐席 Make an account
    Add(Add),
    /// 列出坐席 All accounts, and who has a telephone
    List,
    /// 查看一个坐席 One account and its telephones
    Show(Named),
    /// 修改坐席资料 Change what is given, leave the rest
    Set(Set),
    /// 删除坐席 End an account: its telephones and tokens go with it
    Remove(Named),
    /// 重设话机密码 A new password; telephones have to register anew
    Password(Password),
    /// 从 CSV 文件批量新建 Make all accounts of a file, or none
    Import(import::Import),
}

#[derive(Args, Debug)]
struct Named {
    /// Account: 1–32 letters, digits, `.`, `_`, `-`
    #[arg(value_parser = agent_id)]
    agent: AgentId,
}

#[derive(Args, Debug)]
struct Add {
    #[command(flatten)]
    named: Named,
    /// Name for people
    #[arg(long, value_parser = words::name)]
    name: String,
    /// agent, supervisor, admin
    #[arg(long, default_value = "agent", value_parser = role)]
    role: Role,
    /// A queue with its tier, 1–100, e.g. general:1; repeat it. The lowest tier is asked first; 1 if there is none
    #[arg(long = "queue", value_name = "NAME[:TIER]", value_parser = tier)]
    queues: Vec<(String, u8)>,
    /// A skill with its level, 1–10, e.g. english:7; repeat it
    #[arg(long = "skill", value_name = "NAME:LEVEL", value_parser = level)]
    skills: Vec<(String, u8)>,
    /// Own time to write up, seconds, instead of the queue's
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3_600))]
    wrap_up: Option<u32>,
    #[command(flatten)]
    secret: Secret,
}

#[derive(Args, Debug)]
struct Set {
    #[command(flatten)]
    named: Named,
    /// Name for people
    #[arg(long, value_parser = words::name)]
    name: Option<String>,
    /// agent, supervisor, admin
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// All queues from now on
    #[arg(long = "queue", value_name = "NAME[:TIER]", value_parser = tier)]
    queues: Vec<(String, u8)>,
    /// No queue any more
    #[arg(long, conflicts_with = "queues")]
    no_queues: bool,
    /// All skills from now on
    #[arg(long = "skill", value_name = "NAME:LEVEL", value_parser = level)]
    skills: Vec<(String, u8)>,
    /// No skill any more
    #[arg(long, conflicts_with = "skills")]
    no_skills: bool,
    /// Own time to write up, seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3_600))]
    wrap_up: Option<u32>,
    /// The queue's time to write up again
    #[arg(long, conflicts_with = "wrap_up")]
    no_wrap_up: bool,
    /// May register and sign in again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// May not register nor sign in; the account stays
    #[arg(long)]
    disable: bool,
}

#[derive(Args, Debug)]
struct Password {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    secret: Secret,
}

/// Where a password comes from: a file, standard input, or made and shown once. Never the command line, which others see.
#[derive(Args, Debug)]
struct Secret {
    /// File that holds the password and nothing else
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Read the password from standard input
    #[arg(long, conflicts_with = "password_file")]
    password_stdin: bool,
    /// Take any password, however weak. For tests alone: the server raises an alarm
    #[arg(long)]
    insecure_for_tests: bool,
}

/// A password, and whether it is one that nobody has seen yet.
struct Chosen {
    text: String,
    made: bool,
}

impl Secret {
    fn choose(&self, agent: &AgentId) -> Result<Chosen, Box<dyn std::error::Error>> {
        let text = if let Some(path) = &self.password_file {
            let text = std::fs::read_to_string(path);
            text.map_err(|error| format!("{}：无法读取 cannot be read: {error}", path.display()))?
        } else if self.password_stdin {
            std::io::read_to_string(std::io::stdin())?
        } else {
            let text = generate_password()?;
            return Ok(Chosen { text, made: true });
        };
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        check(agent, &text, self.insecure_for_tests)?;
        Ok(Chosen { text, made: false })
    }
}

/// Refuses what anybody would guess.
fn check(agent: &AgentId, password: &str, insecure_for_tests: bool) -> Result<(), String> {
    match check_password(agent.as_str(), password) {
        Err(weak) if !insecure_for_tests || password.is_empty() => Err(format!("{agent}：{weak}")),
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Does it.
pub(super) fn run(config: &Config, arguments: &Arguments) -> Done {
    super::runtime()?.block_on(async {
        let people = open(config).await?;
        let done = match &arguments.command {
            Command::Add(more) => add(config, &people, more).await,
            Command::List => show::list(config, &people).await,
            Command::Show(more) => show::one(config, &people, &more.agent).await,
            Command::Set(more) => set(&people, more).await,
            Command::Remove(more) => remove(&people, &more.agent).await,
            Command::Password(more) => password(config, &people, more).await,
            Command::Import(more) => import::run(config, &people, more).await,
        };
        people.close().await;
        done
    })
}

/// The file, made if this is the first that anybody does in the data folder.
pub(super) async fn open(config: &Config) -> Result<People, Box<dyn std::error::Error>> {
    std::fs::create_dir_all(&config.data_dir).map_err(|error| format!("{}: {error}", config.data_dir.display()))?;
    Ok(People::open(&config.people_file()).await?)
}

async fn add(config: &Config, people: &People, wanted: &Add) -> Done {
    let id = wanted.named.agent.clone();
    let chosen = wanted.secret.choose(&id)?;
    let wish = AgentWish {
        credentials: Credentials::of(&id, &config.registrar.realm, &chosen.text),
        profile: Profile {
            id: id.clone(),
            name: wanted.name.clone(),
            role: wanted.role,
            queues: wanted.queues.iter().cloned().collect(),
            skills: wanted.skills.iter().cloned().collect(),
            wrap_up: wanted.wrap_up.map(seconds),
        },
    };
    people.create_agents(vec![wish], clock::wall()).await?;
    say(format_args!(
        "已新建坐席 {id}（{}）。the account is made\n",
        wanted.name
    ));
    tell(&chosen);
    Ok(ExitCode::SUCCESS)
}

async fn set(people: &People, wanted: &Set) -> Done {
    let id = &wanted.named.agent;
    let Some(agent) = people.agent(id).await? else {
        return Err(nobody(id).into());
    };
    let mut profile = agent.profile;
    if let Some(name) = &wanted.name {
        profile.name.clone_from(name);
    }
    profile.role = wanted.role.unwrap_or(profile.role);
    let levels = |old: BTreeMap<String, u8>, new: &[(String, u8)], none: bool| match (new.is_empty(), none) {
        (true, false) => old,
        (_, true) => BTreeMap::new(),
        (false, false) => new.iter().cloned().collect(),
    };
    profile.queues = levels(profile.queues, &wanted.queues, wanted.no_queues);
    profile.skills = levels(profile.skills, &wanted.skills, wanted.no_skills);
    profile.wrap_up = match (wanted.wrap_up, wanted.no_wrap_up) {
        (Some(s), _) => Some(seconds(s)),
        (None, true) => None,
        (None, false) => profile.wrap_up,
    };
    people.change_agent(profile, clock::wall()).await?;
    if wanted.enable || wanted.disable {
        people.enable_agent(id, wanted.enable, clock::wall()).await?;
    }
    say(format_args!("已修改坐席 {id}。the account is changed\n"));
    Ok(ExitCode::SUCCESS)
}

async fn remove(people: &People, id: &AgentId) -> Done {
    people.remove_agent(id, clock::wall()).await?;
    say(format_args!("已删除坐席 {id}。the account is gone\n"));
    Ok(ExitCode::SUCCESS)
}

async fn password(config: &Config, people: &People, wanted: &Password) -> Done {
    let id = &wanted.named.agent;
    let chosen = wanted.secret.choose(id)?;
    let credentials = Credentials::of(id, &config.registrar.realm, &chosen.text);
    people.set_password(id, credentials, clock::wall()).await?;
    say(format_args!(
        "已重设 {id} 的密码，话机须重新注册。the password is set, telephones register anew\n"
    ));
    tell(&chosen);
    Ok(ExitCode::SUCCESS)
}

/// Shows a password that we made: the only time that anybody sees it.
fn tell(chosen: &Chosen) {
    if chosen.made {
        say(format_args!(
            "话机密码（仅显示这一次）password, shown this once: {}\n",
            chosen.text
        ));
    }
}

fn nobody(id: &AgentId) -> String {
    format!("没有坐席 {id}：there is no such account")
}

const fn seconds(s: u32) -> Duration {
    Duration::from_secs(s as u64)
}
