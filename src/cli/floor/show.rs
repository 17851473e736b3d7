//! What the server told, as tables for people: Chinese heads, columns aligned.

use serde_json::Value;

use crate::cli::{say, table};

/// A field as text; nothing for `null`.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}

/// Without characters that would command the terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The time of day of an RFC 3339 time.
fn time_of_day(value: &Value) -> String {
    let whole = text(value);
    whole.get(11..19).unwrap_or(&whole).to_owned()
}

/// `2026-11-05 09:30:00`
fn date_and_time(value: &Value) -> String {
    let whole = text(value);
    whole.get(..19).map_or(whole.clone(), |cut| cut.replacen('T', " ", 1))
}

fn list(all: &Value, head: &[&str], row: impl Fn(&Value) -> Vec<String>) {
    let rows: Vec<Vec<String>> = all.as_array().into_iter().flatten().map(row).collect();
    table::print(head, &rows);
}

/// The word of a status in Chinese.
fn status(value: &Value) -> String {
    let word = match value.as_str().unwrap_or_default() {
        "signed_out" => "签出",
        "available" => "空闲",
        "paused" => "暂停",
        "ringing" => "振铃",
        "talking" => "通话",
        "holding" => "保持",
        "wrap_up" => "整理",
        other => other,
    };
    word.to_owned()
}

pub(super) fn agents(told: &Value) {
    let head = ["坐席", "姓名", "状态", "原因", "自", "话机", "今日通话", "通话编号"];
    list(&told["agents"], &head, |agent| {
        vec![
            text(&agent["agent"]),
            text(&agent["name"]),
            status(&agent["status"]),
            text(&agent["reason"]),
            time_of_day(&agent["since"]),
            if agent["reachable"] == true { "在线" } else { "离线" }.to_owned(),
            text(&agent["calls_today"]),
            text(&agent["call"]),
        ]
    });
}

pub(super) fn queues(told: &Value) {
    let head = ["队列", "等待", "最长等待(秒)", "待回拨", "签入", "空闲", "预计等待(秒)"];
    list(&told["queues"], &head, |queue| {
        vec![
            text(&queue["queue"]),
            text(&queue["waiting"]),
            text(&queue["longest_wait_s"]),
            text(&queue["debts"]),
            text(&queue["agents_signed_in"]),
            text(&queue["agents_free"]),
            text(&queue["estimate_s"]),
        ]
    });
}

pub(super) fn queue(told: &Value) {
    queues(&serde_json::json!({ "queues": [told] }));
    say(format_args!("\n"));
    let head = ["位次", "来电", "进入", "已等待(秒)", "通话编号"];
    list(&told["callers"], &head, |caller| {
        vec![
            text(&caller["place"]),
            text(&caller["number"]),
            time_of_day(&caller["entered"]),
            text(&caller["waited_s"]),
            text(&caller["call"]),
        ]
    });
}

pub(super) fn calls(told: &Value) {
    let head = ["通话编号", "到达", "来电", "热线", "步骤", "等待队列", "坐席"];
    list(&told["calls"], &head, |call| {
        let agents = call["agents"].as_array().into_iter().flatten();
        let agents: Vec<String> = agents
            .map(|agent| format!("{} {}", text(&agent["agent"]), status(&agent["status"])))
            .collect();
        let hotline = if call["hotline"].is_null() {
            &call["to"]
        } else {
            &call["hotline"]
        };
        vec![
            text(&call["call"]),
            time_of_day(&call["since"]),
            text(&call["from"]),
            text(hotline),
            text(&call["step"]),
            text(&call["queue"]),
            agents.join("，"),
        ]
    });
}

pub(super) fn debts(told: &Value) {
    let head = ["通话编号", "号码", "队列", "原因", "起始", "已试", "了结"];
    list(&told["call_backs"], &head, |debt| {
        let settled = &debt["settled"];
        let how = [text(&settled["how"]), text(&settled["by"]), text(&settled["note"])];
        vec![
            text(&debt["call"]),
            text(&debt["number"]),
            text(&debt["queue"]),
            text(&debt["because"]),
            date_and_time(&debt["owed_at"]),
            text(&debt["attempts"]),
            how.join(" ").trim().to_owned(),
        ]
    });
    if !told["next"].is_null() {
        say(format_args!("（还有更多，只列出前 500 条）\n"));
    }
}

pub(super) fn phones(told: &Value) {
    let head = ["账号", "来源", "到期", "型号"];
    list(&told["registrations"], &head, |phone| {
        vec![
            text(&phone["user"]),
            text(&phone["from"]),
            date_and_time(&phone["expires"]),
            text(&phone["user_agent"]),
        ]
    });
}

pub(super) fn me(told: &Value) {
    list(
        &Value::Array(vec![told.clone()]),
        &["令牌", "名称", "角色", "坐席"],
        |me| {
            vec![
                text(&me["token"]),
                text(&me["name"]),
                text(&me["role"]),
                text(&me["agent"]),
            ]
        },
    );
}

pub(super) fn done(told: &Value) {
    match (told["call"].as_str(), told["slot"].as_str()) {
        (Some(call), Some(slot)) => say(format_args!("已执行：通话 {}，驻留号 {}\n", plain(call), plain(slot))),
        (Some(call), None) => say(format_args!("已执行：通话 {}\n", plain(call))),
        (None, _) => say(format_args!("已执行\n")),
    }
}

/// One event a line.
pub(super) fn event(told: &Value) {
    let about = if told["call"].is_null() {
        &told["agent"]
    } else {
        &told["call"]
    };
    let data = told["data"].as_object().into_iter().flatten();
    let data: Vec<String> = data.map(|(key, value)| format!("{key}={}", text(value))).collect();
    say(format_args!(
        "{:>8}  {}  {}  {:<20} {}\n",
        text(&told["seq"]),
        date_and_time(&told["at"]),
        text(about),
        text(&told["type"]),
        data.join(" ")
    ));
}
