//! The page's part about people: who waits, who serves, who is owed a call.

use std::fmt::{self, Write};
use std::time::Duration;

use super::escape::Text;
use super::show::{ROWS, duration, seconds_between};
use crate::http::house::Picture;
use crate::kernel::AgentStatus;
use crate::queue::{AgentView, QueueView};

/// Figures for the row of figures; none in a house without queues.
pub(super) fn figures(picture: &Picture) -> Vec<(&'static str, String)> {
    if picture.queues.is_empty() {
        return Vec::new();
    }
    let waiting: usize = picture.queues.iter().map(|queue| queue.waiting.len()).sum();
    let at_work = picture.agents.iter().filter(|agent| is_at_work(agent));
    let free = picture
        .agents
        .iter()
        .filter(|agent| agent.status == AgentStatus::Available);
    vec![
        ("等待人工", waiting.to_string()),
        ("坐席空闲/签入", format!("{}/{}", free.count(), at_work.count())),
        ("待回拨", picture.debts.len().to_string()),
    ]
}

fn is_at_work(agent: &AgentView) -> bool {
    agent.status != AgentStatus::SignedOut
}

/// The tables of queues and agents.
pub(super) fn write(picture: &Picture, out: &mut String) -> fmt::Result {
    if picture.queues.is_empty() && picture.agents.is_empty() {
        return Ok(());
    }
    out.push_str("<h2>队列</h2>\n<div class=\"wide\"><table><tr><th>队列</th><th>等待</th><th>最长等待</th><th>预计等待</th><th>坐席空闲/签入</th><th>待回拨</th></tr>\n");
    for queue in &picture.queues {
        write_queue(queue, out)?;
    }
    out.push_str("</table></div>\n<h2>坐席</h2>\n");
    let at_work: Vec<&AgentView> = picture.agents.iter().filter(|agent| is_at_work(agent)).collect();
    if at_work.is_empty() {
        out.push_str("<p class=\"quiet\">暂无坐席签入</p>\n");
        return Ok(());
    }
    out.push_str("<div class=\"wide\"><table><tr><th>坐席</th><th>姓名</th><th>状态</th><th>已持续</th><th>话机</th><th>今日通话</th></tr>\n");
    for agent in at_work.iter().take(ROWS) {
        write_agent(agent, picture, out)?;
    }
    out.push_str("</table></div>\n");
    if at_work.len() > ROWS {
        writeln!(out, "<p class=\"quiet\">另有 {} 名坐席未列出</p>", at_work.len() - ROWS)?;
    }
    Ok(())
}

fn write_queue(queue: &QueueView, out: &mut String) -> fmt::Result {
    let span = |span: Option<Duration>| span.map_or("—".to_owned(), |span| duration(span.as_secs()));
    let longest = queue.waiting.iter().map(|(_, _, _, waited)| *waited).max();
    // A person within 15 seconds is the promise.
    let late = longest.is_some_and(|waited| waited > Duration::from_secs(15));
    writeln!(
        out,
        "<tr><td>{}</td><td>{}</td><td{}>{}</td><td>{}</td><td>{}/{}</td><td>{}</td></tr>",
        Text(&queue.name),
        queue.waiting.len(),
        if late { " class=\"bad\"" } else { "" },
        span(longest),
        span(queue.estimate),
        queue.agents.1,
        queue.agents.0,
        queue.debts,
    )
}

fn write_agent(agent: &AgentView, picture: &Picture, out: &mut String) -> fmt::Result {
    let reason = agent
        .reason
        .as_deref()
        .map_or(String::new(), |reason| format!("（{}）", in_chinese(reason)));
    writeln!(
        out,
        "<tr><td>{}</td><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        agent.profile.id,
        Text(&agent.profile.name),
        status_in_chinese(agent.status),
        Text(&reason),
        duration(seconds_between(agent.since, picture.at)),
        if agent.reachable { "在线" } else { "离线" },
        agent.calls_today,
    )
}

const fn status_in_chinese(status: AgentStatus) -> &'static str {
    match status {
        AgentStatus::SignedOut => "签出",
        AgentStatus::Available => "空闲",
        AgentStatus::Paused => "暂停",
        AgentStatus::Ringing => "振铃",
        AgentStatus::Talking => "通话",
        AgentStatus::Holding => "保持",
        AgentStatus::WrapUp => "整理",
    }
}

/// Reasons that every house knows; others are shown as they are.
fn in_chinese(reason: &str) -> &str {
    match reason {
        "meal" => "用餐",
        "training" => "培训",
        "meeting" => "会议",
        "no_answer" => "多次未接",
        "signed_in" => "刚签入",
        other => other,
    }
}
