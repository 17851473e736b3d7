//! `GET /`: the page itself. Renews itself every five seconds.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use jiff::tz::TimeZone;

use super::escape::Text;
use super::floor;
use crate::http::house::Picture;
use crate::http::{App, Error, Figures, LiveCall, Readiness, RecentCall, Site};
use crate::kernel::{EndReason, EndedBy, Wall};

/// Calls shown at most in each table.
pub(super) const ROWS: usize = 20;

/// Everything on the page, taken at one moment.
struct View {
    site: Site,
    zone: TimeZone,
    readiness: Readiness,
    figures: Figures,
    live: Vec<LiveCall>,
    /// `Err`: the ledger did not answer; the page comes all the same.
    recent: Result<Vec<RecentCall>, Error>,
    /// Empty where there are no agents, or the calls did not answer.
    picture: Arc<Picture>,
}

pub(in crate::http) async fn show(State(app): State<App>) -> Html<String> {
    let site = app.house.status.site();
    let view = View {
        zone: TimeZone::get(&site.time_zone).unwrap_or(TimeZone::UTC),
        site,
        readiness: app.house.status.readiness(),
        figures: app.house.status.figures(),
        live: app.house.status.live(),
        recent: app.house.status.recent(ROWS).await,
        picture: app.house.floor.picture().await.unwrap_or_default(),
    };
    let mut page = String::with_capacity(8 * 1024);
    // Writing into a String cannot fail.
    let _ = view.write(&mut page);
    Html(page)
}

impl View {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let name = Text(&self.site.name);
        write!(
            out,
            "<!doctype html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\"><title>{name}</title>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"refresh\" content=\"5\"><link rel=\"stylesheet\" href=\"/style.css\"></head>\n\
             <body>\n<header><h1>{name}</h1>\n<p>一号 yihao {} · {}</p></header>\n",
            env!("CARGO_PKG_VERSION"),
            self.time(self.figures.at, "%Y-%m-%d %H:%M:%S %Z"),
        )?;
        self.write_state(out)?;
        self.write_figures(out)?;
        // What moves comes first; how to dial is read once.
        floor::write(&self.picture, out)?;
        self.write_live(out)?;
        self.write_recent(out)?;
        self.write_dial(out)?;
        out.push_str(
            "<footer><p>号码已打码。<a href=\"/api/calls\">/api/calls</a> · <a href=\"/api/v1/openapi.json\">/api/v1</a> · <a href=\"/metrics\">/metrics</a> · \
             <a href=\"/healthz\">/healthz</a> · <a href=\"/readyz\">/readyz</a></p></footer>\n</body></html>\n",
        );
        Ok(())
    }

    fn write_state(&self, out: &mut String) -> std::fmt::Result {
        let reasons = self.readiness.reasons();
        if reasons.is_empty() {
            out.push_str("<p class=\"good\">正常接听</p>\n");
        }
        for reason in reasons {
            writeln!(out, "<p class=\"bad\">{}</p>", reason_in_chinese(reason))?;
        }
        for alarm in &self.figures.alarms {
            writeln!(out, "<p class=\"bad\">告警：{}</p>", Text(alarm))?;
        }
        Ok(())
    }

    fn write_figures(&self, out: &mut String) -> std::fmt::Result {
        let up = seconds_between(self.site.started, self.figures.at);
        let trunks = self.figures.trunks.iter();
        let trunks_up = trunks.clone().filter(|trunk| trunk.up).count();
        out.push_str("<dl>\n");
        let figures = [
            ("当前通话", self.live.len().to_string()),
            ("启动以来来电", self.figures.calls_since_start.to_string()),
            ("其中未接入", self.figures.refused_since_start.to_string()),
            ("待入库事件", self.figures.journal_waiting.to_string()),
            ("中继正常/全部", format!("{trunks_up}/{}", trunks.len())),
            ("已运行", duration(up)),
        ];
        for (label, value) in figures.into_iter().chain(floor::figures(&self.picture)) {
            writeln!(out, "<div><dt>{label}</dt><dd>{value}</dd></div>")?;
        }
        out.push_str("</dl>\n");
        for trunk in self.figures.trunks.iter().filter(|trunk| !trunk.up) {
            writeln!(out, "<p class=\"bad\">中继不通：{}</p>", Text(&trunk.name))?;
        }
        Ok(())
    }

    fn write_dial(&self, out: &mut String) -> std::fmt::Result {
        out.push_str("<h2>拨打方式</h2>\n<p>用任意 SIP 电话拨打：</p>\n<ul>\n");
        for address in &self.site.dial {
            writeln!(out, "<li><code>{}</code></li>", Text(address))?;
        }
        out.push_str("</ul>\n<table><tr><th>号码</th><th>热线</th></tr>\n");
        // Several numbers of one hotline share a row.
        for same in self.site.numbers.chunk_by(|a, b| a.name == b.name) {
            let numbers: Vec<&str> = same.iter().map(|n| n.number.as_str()).collect();
            let name = same.first().map_or("", |n| n.name.as_str());
            writeln!(
                out,
                "<tr><td><code>{}</code></td><td>{}</td></tr>",
                Text(&numbers.join("  ")),
                Text(name)
            )?;
        }
        out.push_str("</table>\n");
        Ok(())
    }

    fn write_live(&self, out: &mut String) -> std::fmt::Result {
        out.push_str("<h2>正在通话</h2>\n");
        if self.live.is_empty() {
            out.push_str("<p class=\"quiet\">暂无通话</p>\n");
            return Ok(());
        }
        out.push_str("<div class=\"wide\"><table><tr><th>开始</th><th>时长</th><th>来电</th><th>热线</th><th>所在步骤</th></tr>\n");
        for call in self.live.iter().take(ROWS) {
            writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
                self.time(call.since, "%H:%M:%S"),
                duration(seconds_between(call.since, self.figures.at)),
                Text(&call.from.masked()),
                Text(&hotline(call.hotline.as_deref(), &call.to.masked())),
                Text(call.step.as_deref().unwrap_or("")),
            )?;
        }
        out.push_str("</table></div>\n");
        if self.live.len() > ROWS {
            writeln!(
                out,
                "<p class=\"quiet\">另有 {} 个通话未列出</p>",
                self.live.len() - ROWS
            )?;
        }
        Ok(())
    }

    fn write_recent(&self, out: &mut String) -> std::fmt::Result {
        out.push_str("<h2>最近通话</h2>\n");
        let recent = match &self.recent {
            Ok(recent) if recent.is_empty() => {
                out.push_str("<p class=\"quiet\">暂无记录</p>\n");
                return Ok(());
            }
            Ok(recent) => recent,
            Err(_) => {
                out.push_str("<p class=\"bad\">台账暂时无法读取</p>\n");
                return Ok(());
            }
        };
        out.push_str("<div class=\"wide\"><table><tr><th>时间</th><th>来电</th><th>热线</th><th>时长</th><th>结束</th><th>编号</th></tr>\n");
        for call in recent.iter().take(ROWS) {
            writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}：{}</td><td><code>{}</code></td></tr>",
                self.time(call.at, "%m-%d %H:%M:%S"),
                Text(&call.from.masked()),
                Text(&hotline(call.hotline.as_deref(), &call.to.masked())),
                duration(call.duration_ms / 1_000),
                ended_by_in_chinese(call.ended_by),
                end_in_chinese(call.reason),
                call.id,
            )?;
        }
        out.push_str("</table></div>\n");
        Ok(())
    }

    fn time(&self, at: Wall, format: &str) -> String {
        let stamp = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        stamp.to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

fn hotline(hotline: Option<&str>, dialled: &str) -> String {
    hotline.unwrap_or(dialled).to_owned() // the number behind a hotline would be masked, and tells nothing
}

pub(super) fn seconds_between(from: Wall, to: Wall) -> u64 {
    u64::try_from(to.as_millis().saturating_sub(from.as_millis()) / 1_000).unwrap_or(0)
}

/// `1:02:03`, `2:03`
pub(super) fn duration(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if h > 0 {
        format!("{h}:{m:02}:{s:02}")
    } else {
        format!("{m}:{s:02}")
    }
}

fn reason_in_chinese(reason: &str) -> &'static str {
    match reason {
        "sip_not_bound" => "SIP 端口尚未打开",
        "journal_not_writable" => "日志账无法写入磁盘",
        "dialplan_not_loaded" => "尚未载入拨号方案",
        "draining" => "正在停机：不再接听新来电，现有通话继续",
        _ => "尚未就绪",
    }
}

const fn ended_by_in_chinese(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Caller => "来电人",
        EndedBy::Callee => "被叫方",
        EndedBy::System => "系统",
    }
}

const fn end_in_chinese(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Hangup => "挂机",
        EndReason::PlanFinished => "流程结束",
        EndReason::Abandoned => "接通前挂断",
        EndReason::UnknownNumber => "空号",
        EndReason::Forbidden => "来源不允许",
        EndReason::NotAcceptable => "编码不兼容",
        EndReason::Overload => "超出容量",
        EndReason::Draining => "停机中",
        EndReason::DeadMedia => "长时间无声音",
        EndReason::NoAck => "对端未确认接听",
        EndReason::SessionExpired => "会话超时",
        EndReason::Unreachable => "网络不可达",
        EndReason::MaxDuration => "达到最长时间",
        EndReason::ProtocolError => "对端协议错误",
        EndReason::Interrupted => "服务中断",
        EndReason::Busy => "对方忙",
        EndReason::NoAnswer => "无人接听",
        EndReason::InternalError => "内部错误",
    }
}
