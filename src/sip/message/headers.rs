//! The header fields of one message, in order, as octets. Knows names; what values mean is in `typed`.

use std::borrow::Cow;

use super::header_name::HeaderName;
use super::scan::split_outside;
use super::text::decode;
use super::via::Via;

/// Ordered header fields. A value is what stood on the wire, folds replaced by one space and outer white space gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<Field>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: HeaderName,
    value: Vec<u8>,
}

impl Headers {
    /// No header fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// No header fields yet, room for `count`.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: impl Into<HeaderName>, value: impl Into<Vec<u8>>) {
        self.0.push(Field {
            name: name.into(),
            value: value.into(),
        });
    }

    /// Adds a field before all others: the place of a new Via or Record-Route.
    pub fn push_front(&mut self, name: impl Into<HeaderName>, value: impl Into<Vec<u8>>) {
        self.0.insert(
            0,
            Field {
                name: name.into(),
                value: value.into(),
            },
        );
    }

    /// Replaces all fields of that name by one, in the place of the first, else at the end.
    pub fn set(&mut self, name: impl Into<HeaderName>, value: impl Into<Vec<u8>>) {
        let name = name.into();
        match self.0.iter().position(|f| f.name == name) {
            Some(at) => {
                self.0[at].value = value.into();
                let mut index = 0;
                self.0.retain(|f| {
                    index += 1;
                    index <= at + 1 || f.name != name
                });
            }
            None => self.push(name, value),
        }
    }

    /// Takes all fields of that name out.
    pub fn remove(&mut self, name: impl Into<HeaderName>) {
        let name = name.into();
        self.0.retain(|f| f.name != name);
    }

    /// The value of the first field of that name.
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.0.iter().find(|f| f.name == *name).map(|f| f.value.as_slice())
    }

    /// The value of the first field of that name as text: UTF-8, else GB18030.
    pub fn text(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.get(name).map(decode)
    }

    /// The values of all fields of that name, in order.
    pub fn all<'a, 'n>(&'a self, name: &'n HeaderName) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.0
            .iter()
            .filter(move |f| f.name == *name)
            .map(|f| f.value.as_slice())
    }

    /// How many fields have that name.
    pub fn count(&self, name: &HeaderName) -> usize {
        self.all(name).count()
    }

    /// Whether there is a field of that name.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// The comma-separated elements of all fields of that name; quotes and brackets are respected, empty elements skipped.
    pub fn list(&self, name: &HeaderName) -> Vec<Cow<'_, str>> {
        let mut out = Vec::new();
        for field in self.0.iter().filter(|f| f.name == *name) {
            match decode(&field.value) {
                Cow::Borrowed(text) => out.extend(elements(text).map(Cow::Borrowed)),
                Cow::Owned(text) => {
                    out.extend(elements(&text).map(|part| Cow::Owned(part.to_owned())));
                }
            }
        }
        out
    }

    /// Puts `via` in the place of the first Via value (its other values on the same line stay), for `received` and `rport`.
    pub fn replace_top_via(&mut self, via: &Via) {
        let text = via.to_string();
        let Some(field) = self.0.iter_mut().find(|f| f.name == HeaderName::Via) else {
            self.push_front(HeaderName::Via, text);
            return;
        };
        let old = decode(&field.value);
        let rest = super::scan::find_outside(&old, b',').and_then(|at| old.get(at..));
        field.value = match rest {
            Some(rest) => [text.as_str(), rest].concat().into_bytes(),
            None => text.into_bytes(),
        };
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.0.iter().map(|f| (&f.name, f.value.as_slice()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes all fields but Content-Length. A line end within a value becomes spaces: no value may begin a header.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for field in self.0.iter().filter(|f| f.name != HeaderName::ContentLength) {
            write_line_part(out, field.name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            write_line_part(out, &field.value);
            out.extend_from_slice(b"\r\n");
        }
    }
}

fn elements(text: &str) -> impl Iterator<Item = &str> {
    split_outside(text, b',').filter(|part| !part.is_empty())
}

/// Appends octets that stand within one line.
pub(super) fn write_line_part(out: &mut Vec<u8>, octets: &[u8]) {
    let start = out.len();
    out.extend_from_slice(octets);
    for octet in out[start..].iter_mut().filter(|o| matches!(o, b'\r' | b'\n')) {
        *octet = b' ';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_replaces_all_of_a_name_in_the_first_ones_place() {
        let mut headers = Headers::new();
        headers.push("Subject", "a");
        headers.push("X-One", "1");
        headers.push("s", "b");
        headers.set(HeaderName::Subject, "c");
        let all: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v)).collect();
        assert_eq!(all, [("Subject", b"c".as_slice()), ("X-One", b"1")]);
        headers.remove("subject");
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn lists_span_lines_and_commas() {
        let mut headers = Headers::new();
        headers.push("Supported", "100rel, timer");
        headers.push("k", " ,path");
        assert_eq!(headers.list(&HeaderName::Supported), ["100rel", "timer", "path"]);
    }

    #[test]
    fn the_top_via_is_replaced_and_its_neighbours_stay() {
        let mut headers = Headers::new();
        headers.push("Via", "SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK1, SIP/2.0/TCP b");
        headers.push("Via", "SIP/2.0/TCP c");
        let mut top = headers.via_top().unwrap();
        top.params.set("rport", Some("5062"));
        headers.replace_top_via(&top);
        let vias: Vec<_> = headers.vias().unwrap().iter().map(Via::to_string).collect();
        assert_eq!(
            vias,
            [
                "SIP/2.0/UDP 192.0.2.1;rport=5062;branch=z9hG4bK1",
                "SIP/2.0/TCP b",
                "SIP/2.0/TCP c"
            ]
        );
    }

    #[test]
    fn a_value_of_ours_cannot_begin_another_header() {
        let mut headers = Headers::new();
        headers.push("Subject", "x\r\nVia: y");
        let mut out = Vec::new();
        headers.write(&mut out);
        assert_eq!(out, b"Subject: x  Via: y\r\n");
    }
}
