//! Every metric of the house: name, kind, labels, meaning. A name that is recorded and not listed fails `tests/tidy.rs`.

/// What a metric is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by the upper edges given here.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Name, with the unit last.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Labels, each with few values.
    pub labels: &'static [&'static str],
    /// Meaning.
    pub help: &'static str,
}

impl Metric {
    /// Its row in `docs/metrics.md`.
    pub fn row(&self) -> String {
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels: Vec<String> = self.labels.iter().map(|label| format!("`{label}`")).collect();
        format!("| `{}` | {kind} | {} | {} |", self.name, labels.join(", "), self.help)
    }
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Counter,
        labels,
        help,
    }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Gauge,
        labels,
        help,
    }
}

const fn histogram(name: &'static str, edges: &'static [f64], help: &'static str) -> Metric {
    histogram_by(name, edges, &[], help)
}

const fn histogram_by(
    name: &'static str,
    edges: &'static [f64],
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Histogram(edges),
        labels,
        help,
    }
}

/// Seconds a person waits. 15 and 20 are edges, so that "within 15 s" (GB/T 33358) and "95 % within 20 s"
/// (NENA-STA-020) are counted and not estimated.
pub const WAIT_SECONDS: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0,
];
/// Seconds until the machine picks up; the 500 ms of the bench are an edge, and 15 s as well.
pub const PICKUP_SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0,
];
/// Seconds a call lasts.
pub const CALL_SECONDS: &[f64] = &[
    5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
];
/// Seconds of machine work: a commit, a tick.
pub const WORK_SECONDS: &[f64] = &[
    0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0,
];

/// All of them, by subject.
pub const ALL: &[Metric] = &[
    gauge(
        "yihao_build_info",
        &["version"],
        "Always 1; the label tells the version",
    ),
    gauge(
        "yihao_draining",
        &[],
        "1 while no new calls are taken because the server stops",
    ),
    // Calls
    counter("yihao_calls_total", &["hotline"], "Calls that arrived"),
    gauge("yihao_calls_live", &[], "Calls at this moment"),
    counter(
        "yihao_calls_ended_total",
        &["reason", "by"],
        "Calls that ended, by `EndReason` and by who ended them",
    ),
    counter(
        "yihao_calls_refused_total",
        &["status"],
        "Calls refused, by the SIP status sent",
    ),
    counter(
        "yihao_transfers_total",
        &["outcome"],
        "Transfers to another number, by how they went",
    ),
    histogram(
        "yihao_pickup_seconds",
        PICKUP_SECONDS,
        "INVITE to 200: the machine's pick-up, never a person's answer",
    ),
    histogram("yihao_call_seconds", CALL_SECONDS, "Arrival of a call to its end"),
    // People
    counter(
        "yihao_person_requests_total",
        &["queue"],
        "Stays in a queue that began: citizens who want a person",
    ),
    counter(
        "yihao_person_answers_total",
        &["queue"],
        "Stays in a queue that a person ended by answering",
    ),
    histogram_by(
        "yihao_person_wait_seconds",
        WAIT_SECONDS,
        &["queue"],
        "A person was asked for, to a person's answer; waits in earlier queues of the same matter included",
    ),
    histogram(
        "yihao_arrival_to_person_seconds",
        WAIT_SECONDS,
        "Arrival of the call to the first person's answer, greeting and menus included",
    ),
    counter(
        "yihao_queue_left_total",
        &["queue", "outcome"],
        "Stays in a queue that ended without a person, by how: `abandoned`, `timeout`, `full`, `callback` …",
    ),
    counter(
        "yihao_offers_total",
        &["outcome"],
        "Calls offered to agents, by what came of it",
    ),
    counter(
        "yihao_agent_changes_total",
        &["status"],
        "Changes of agents' states, by the new one",
    ),
    counter(
        "yihao_joined_total",
        &["part"],
        "Thirds who joined a conversation, and supervisors who listened, whispered, barged in",
    ),
    counter(
        "yihao_ratings_total",
        &["stars"],
        "Citizens who said how it was (好差评)",
    ),
    counter(
        "yihao_callbacks_owed_total",
        &["because"],
        "Citizens to whom a call back is owed",
    ),
    counter(
        "yihao_callback_tries_total",
        &["outcome"],
        "Attempts to call a citizen back, by what came of it",
    ),
    counter(
        "yihao_callbacks_settled_total",
        &["how"],
        "Call backs that are owed no more, by how they were settled",
    ),
    // SIP
    counter(
        "yihao_sip_messages_total",
        &["direction", "transport"],
        "SIP messages received and sent",
    ),
    counter(
        "yihao_sip_malformed_total",
        &["transport"],
        "Datagrams and streams that were no SIP",
    ),
    counter(
        "yihao_sip_dropped_total",
        &["cause"],
        "Messages dropped before they were read: queue full, source blocked",
    ),
    gauge("yihao_sip_transactions", &[], "SIP transactions at this moment"),
    gauge("yihao_sip_legs", &[], "SIP dialogs at this moment"),
    gauge("yihao_tcp_connections", &[], "TCP connections of SIP at this moment"),
    counter(
        "yihao_tcp_refused_total",
        &["cause"],
        "TCP connections refused or closed by a limit",
    ),
    gauge(
        "yihao_trunk_up",
        &["trunk"],
        "1 while the trunk is registered and answers, else 0",
    ),
    // Telephones of agents
    gauge("yihao_registrations", &[], "Telephones registered at this moment"),
    counter(
        "yihao_registrations_total",
        &["outcome"],
        "REGISTER requests by what became of them, and telephones that expired or whose connection broke",
    ),
    gauge(
        "yihao_people_behind",
        &[],
        "ALARM when 1: telephones are not written down; a restart would forget them",
    ),
    // Media
    gauge("yihao_rtp_sessions", &[], "RTP sessions at this moment"),
    gauge("yihao_rtp_ports_free", &[], "RTP port pairs that a call could have now"),
    counter(
        "yihao_rtp_packets_total",
        &["direction"],
        "RTP packets received and sent",
    ),
    counter(
        "yihao_rtp_lost_total",
        &[],
        "RTP packets that should have come and did not",
    ),
    counter(
        "yihao_rtp_strangers_total",
        &[],
        "RTP packets dropped because they came from another source than the call's",
    ),
    counter(
        "yihao_media_dead_total",
        &[],
        "Streams that fell silent while they should have flowed",
    ),
    counter(
        "yihao_media_late_ticks_total",
        &[],
        "Turns of the 20 ms wheel that began late",
    ),
    histogram(
        "yihao_media_tick_seconds",
        WORK_SECONDS,
        "Work of one turn of the wheel",
    ),
    // Ledger
    counter("yihao_journal_events_total", &[], "Events made durable in the journal"),
    histogram(
        "yihao_journal_commit_seconds",
        WORK_SECONDS,
        "One group commit of the journal, with its fdatasync",
    ),
    gauge(
        "yihao_journal_waiting",
        &[],
        "Journal events that the database has not taken yet",
    ),
    gauge(
        "yihao_journal_degraded",
        &[],
        "ALARM when 1: events are kept in memory only, because the disk does not take them",
    ),
    counter(
        "yihao_journal_lost_total",
        &[],
        "ALARM when it grows: events given up because memory was full as well",
    ),
    gauge(
        "yihao_ledger_behind",
        &[],
        "ALARM when 1: the database is locked, full or gone; calls go on",
    ),
    gauge("yihao_recordings_live", &[], "Recordings at this moment"),
    counter(
        "yihao_recordings_purged_total",
        &[],
        "Recordings deleted because their time was over",
    ),
    counter("yihao_recordings_total", &["outcome"], "Recordings finished, by how"),
    gauge(
        "yihao_retention_stopped",
        &[],
        "ALARM when 1: recordings past their time were not all deleted, see the log",
    ),
    // Plans and prompts
    counter(
        "yihao_reloads_total",
        &["outcome"],
        "Reloads of plans, calendar and prompts",
    ),
    counter(
        "yihao_prompts_missing_total",
        &[],
        "Prompts that could not be played because neither a file nor an engine had them",
    ),
    gauge(
        "yihao_calendar_missing",
        &["year"],
        "ALARM when 1: the State Council's table of working days for this year is missing",
    ),
];
