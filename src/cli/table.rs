//! Plain tables on a terminal, with Chinese characters two columns wide.

/// Columns that a text takes: East Asian characters take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| {
            if ('\u{1100}'..='\u{FFDC}').contains(&c) && c > '\u{2E7F}' {
                2
            } else {
                1
            }
        })
        .sum()
}

/// Prints rows below a head, columns as wide as their widest cell.
pub(super) fn print(head: &[&str], rows: &[Vec<String>]) {
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell));
        cells.chain(head.get(column).map(|h| width(h))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(widest).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, w)| format!("{cell}{}", " ".repeat(w.saturating_sub(width(cell)))))
            .collect();
        super::say(format_args!("{}\n", padded.join("  ").trim_end()));
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
}

/// A wall time in the city's zone, as people read it.
pub(super) fn time(at: crate::kernel::Wall, zone: &str) -> String {
    let zone = crate::kernel::calendar::zone(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(at.as_millis()).map_or_else(
        |_| "?".to_owned(),
        |t| t.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// Milliseconds as seconds with one decimal.
pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}
