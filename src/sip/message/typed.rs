//! What header values mean: typed views of [`Headers`], read anew at each call. Checks one value at a time;
//! what a whole request must have is in `check`.

use super::address::{Contacts, NameAddr};
use super::header_name::HeaderName;
use super::headers::Headers;
use super::method::Method;
use super::params::Params;
use super::scan::{digits, is_token, split_outside, trim};
use super::text::decode;
use super::uri::UriError;
use super::via::Via;
use crate::kernel::limits::SIP_VIAS_MAX;

/// Why a header has no usable value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The header is not there.
    #[error("no {0}")]
    Missing(HeaderName),
    /// The value is malformed.
    #[error("malformed {0}")]
    Malformed(HeaderName),
    /// A URI or its surroundings are malformed.
    #[error("malformed {0}: {1}")]
    Address(HeaderName, UriError),
    /// A number out of its range.
    #[error("{0} out of range")]
    OutOfRange(HeaderName),
    /// More values than are looked at.
    #[error("too many values of {0}")]
    TooMany(HeaderName),
}

/// A CSeq value (RFC 3261 §20.16).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// The sequence number.
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

/// A RAck value (RFC 3262 §7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// RSeq of the provisional answer that is confirmed.
    pub rseq: u32,
    /// CSeq number of the request that was answered.
    pub cseq: u32,
    /// Its method.
    pub method: Method,
}

/// Who keeps a session alive (RFC 4028 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The side that sent the request.
    Uac,
    /// The side that answered it.
    Uas,
}

/// A Content-Type (RFC 3261 §20.15). Compares without case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    /// `application` of `application/sdp`, in lower case.
    pub kind: String,
    /// `sdp` of `application/sdp`, in lower case; empty if the value had no slash.
    pub subtype: String,
    /// `charset`, `boundary`, …
    pub params: Params,
}

impl MediaType {
    /// Reads `type/subtype;params`. Never fails: what is malformed is a type that nobody supports (415).
    pub fn parse(text: &str) -> Self {
        let (essence, params) = text.split_once(';').unwrap_or((text, ""));
        let (kind, subtype) = essence.split_once('/').unwrap_or((essence, ""));
        Self {
            kind: trim(kind).to_ascii_lowercase(),
            subtype: trim(subtype).to_ascii_lowercase(),
            params: Params::parse(params).unwrap_or_default(),
        }
    }

    /// Whether it is this type: `is("application/sdp")`, in lower case.
    pub fn is(&self, essence: &str) -> bool {
        essence.split_once('/') == Some((self.kind.as_str(), self.subtype.as_str()))
    }
}

impl CSeq {
    /// Reads `number method`.
    fn parse(text: &str) -> Result<Self, HeaderError> {
        let (number, method) = text
            .split_once([' ', '\t'])
            .ok_or(HeaderError::Malformed(HeaderName::CSeq))?;
        Ok(Self {
            number: scalar(number, HeaderName::CSeq)?,
            method: Method::parse(trim(method)).ok_or(HeaderError::Malformed(HeaderName::CSeq))?,
        })
    }
}

impl std::fmt::Display for CSeq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

impl std::fmt::Display for RAck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.rseq, self.cseq, self.method)
    }
}

/// A number in 0–2³²−1.
fn scalar(text: &str, name: HeaderName) -> Result<u32, HeaderError> {
    let number = digits(trim(text)).ok_or_else(|| HeaderError::Malformed(name.clone()))?;
    u32::try_from(number).map_err(|_| HeaderError::OutOfRange(name))
}

/// The routing and dialog headers.
impl Headers {
    /// The topmost Via.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn via_top(&self) -> Result<Via, HeaderError> {
        let text = self.need(HeaderName::Via)?;
        let top = split_outside(&text, b',').next().unwrap_or_default();
        Via::parse(top).map_err(|e| HeaderError::Address(HeaderName::Via, e))
    }

    /// All Vias, topmost first. Only the topmost is ours to understand, but an answer carries them all.
    ///
    /// # Errors
    /// Missing, malformed, or more than [`SIP_VIAS_MAX`].
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        let mut out = Vec::new();
        for value in self.all(&HeaderName::Via) {
            for part in split_outside(&decode(value), b',') {
                if out.len() == SIP_VIAS_MAX {
                    return Err(HeaderError::TooMany(HeaderName::Via));
                }
                out.push(Via::parse(part).map_err(|e| HeaderError::Address(HeaderName::Via, e))?);
            }
        }
        if out.is_empty() {
            return Err(HeaderError::Missing(HeaderName::Via));
        }
        Ok(out)
    }

    /// The From.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.address(HeaderName::From)
    }

    /// The To.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.address(HeaderName::To)
    }

    /// One address of a header that holds one, such as Refer-To or P-Asserted-Identity.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn address(&self, name: HeaderName) -> Result<NameAddr, HeaderError> {
        NameAddr::parse(&self.need(name.clone())?).map_err(|e| HeaderError::Address(name, e))
    }

    /// All addresses of a header that holds a list; none if it is missing.
    ///
    /// # Errors
    /// Malformed.
    pub fn addresses(&self, name: &HeaderName) -> Result<Vec<NameAddr>, HeaderError> {
        let mut out = Vec::new();
        for value in self.all(name) {
            let list = NameAddr::parse_list(&decode(value));
            out.extend(list.map_err(|e| HeaderError::Address(name.clone(), e))?);
        }
        Ok(out)
    }

    /// The Contacts; an empty list if there are none.
    ///
    /// # Errors
    /// Malformed, also `*` beside other contacts.
    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        if self.get(&HeaderName::Contact) == Some(b"*") && self.count(&HeaderName::Contact) == 1 {
            return Ok(Contacts::Star);
        }
        self.addresses(&HeaderName::Contact).map(Contacts::List)
    }

    /// The CSeq.
    ///
    /// # Errors
    /// Missing, malformed or out of range.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        CSeq::parse(&self.need(HeaderName::CSeq)?)
    }

    /// The Call-ID: UTF-8 without white space or control characters.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn call_id(&self) -> Result<&str, HeaderError> {
        let value = self
            .get(&HeaderName::CallId)
            .ok_or(HeaderError::Missing(HeaderName::CallId))?;
        std::str::from_utf8(value)
            .ok()
            .filter(|id| !id.is_empty() && !id.contains(|c: char| c.is_control() || c.is_whitespace()))
            .ok_or(HeaderError::Malformed(HeaderName::CallId))
    }

    /// Max-Forwards; `None` if missing (RFC 2543 knew none).
    ///
    /// # Errors
    /// Malformed or over 255.
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        let Some(value) = self.scalar(HeaderName::MaxForwards)? else {
            return Ok(None);
        };
        u8::try_from(value)
            .map(Some)
            .map_err(|_| HeaderError::OutOfRange(HeaderName::MaxForwards))
    }

    /// The Route set, topmost first; empty if there is none.
    ///
    /// # Errors
    /// Malformed.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.addresses(&HeaderName::Route)
    }

    /// The Record-Route set as it stands; empty if there is none.
    ///
    /// # Errors
    /// Malformed.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.addresses(&HeaderName::RecordRoute)
    }

    fn need(&self, name: HeaderName) -> Result<std::borrow::Cow<'_, str>, HeaderError> {
        self.text(&name).ok_or(HeaderError::Missing(name))
    }

    fn scalar(&self, name: HeaderName) -> Result<Option<u32>, HeaderError> {
        match self.text(&name) {
            Some(text) => scalar(&text, name).map(Some),
            None => Ok(None),
        }
    }
}

/// Options, bodies and times.
impl Headers {
    /// The Content-Type, if there is one.
    pub fn content_type(&self) -> Option<MediaType> {
        self.text(&HeaderName::ContentType).map(|text| MediaType::parse(&text))
    }

    /// Option tags that the far side insists on.
    pub fn require(&self) -> Vec<String> {
        self.tokens(&HeaderName::Require)
    }

    /// Option tags that the far side understands.
    pub fn supported(&self) -> Vec<String> {
        self.tokens(&HeaderName::Supported)
    }

    /// Option tags that proxies must understand.
    pub fn proxy_require(&self) -> Vec<String> {
        self.tokens(&HeaderName::ProxyRequire)
    }

    /// The elements of a list of tokens; what is no token is left out.
    pub fn tokens(&self, name: &HeaderName) -> Vec<String> {
        self.list(name)
            .into_iter()
            .filter(|t| is_token(t.as_bytes()))
            .map(std::borrow::Cow::into_owned)
            .collect()
    }

    /// Session-Expires: seconds and who refreshes (RFC 4028 §4). `None` if missing or malformed.
    pub fn session_expires(&self) -> Option<(u32, Option<Refresher>)> {
        let text = self.text(&HeaderName::SessionExpires)?;
        let (seconds, params) = text.split_once(';').unwrap_or((&text, ""));
        let params = Params::parse(params).unwrap_or_default();
        let refresher = params.value("refresher").and_then(|who| {
            if who.eq_ignore_ascii_case("uac") {
                Some(Refresher::Uac)
            } else if who.eq_ignore_ascii_case("uas") {
                Some(Refresher::Uas)
            } else {
                None
            }
        });
        Some((seconds_of(seconds)?, refresher))
    }

    /// Min-SE in seconds (RFC 4028 §5).
    pub fn min_se(&self) -> Option<u32> {
        self.seconds(&HeaderName::MinSe)
    }

    /// Expires in seconds; a number beyond 2³²−1 counts as that.
    pub fn expires(&self) -> Option<u32> {
        self.seconds(&HeaderName::Expires)
    }

    /// Min-Expires in seconds.
    pub fn min_expires(&self) -> Option<u32> {
        self.seconds(&HeaderName::MinExpires)
    }

    /// Retry-After in seconds; comment and parameters are ignored.
    pub fn retry_after(&self) -> Option<u32> {
        self.seconds(&HeaderName::RetryAfter)
    }

    /// RSeq (RFC 3262 §7.1).
    pub fn rseq(&self) -> Option<u32> {
        self.scalar(HeaderName::Rseq).ok().flatten()
    }

    /// RAck (RFC 3262 §7.2). `None` if missing or malformed.
    pub fn rack(&self) -> Option<RAck> {
        let text = self.text(&HeaderName::Rack)?;
        let mut parts = text.split([' ', '\t']).filter(|p| !p.is_empty());
        let rack = RAck {
            rseq: scalar(parts.next()?, HeaderName::Rack).ok()?,
            cseq: scalar(parts.next()?, HeaderName::Rack).ok()?,
            method: Method::parse(parts.next()?)?,
        };
        parts.next().is_none().then_some(rack)
    }

    fn seconds(&self, name: &HeaderName) -> Option<u32> {
        let text = self.text(name)?;
        let end = text.find([';', '(', ' ', '\t']).unwrap_or(text.len());
        seconds_of(&text[..end])
    }
}

fn seconds_of(text: &str) -> Option<u32> {
    digits(trim(text)).map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Headers {
        let mut headers = Headers::new();
        headers.push(name, value);
        headers
    }

    #[test]
    fn a_cseq_stays_within_its_range() {
        assert_eq!(with("CSeq", "0009 INVITE").cseq().unwrap().number, 9);
        assert_eq!(
            with("CSeq", "36893488147419103232 REGISTER").cseq(),
            Err(HeaderError::OutOfRange(HeaderName::CSeq))
        );
        assert!(with("CSeq", "1").cseq().is_err());
        let four_kilobytes = format!("1 {}", "A".repeat(4096));
        assert!(with("CSeq", &four_kilobytes).cseq().is_err());
    }

    #[test]
    fn max_forwards_is_one_octet() {
        assert_eq!(with("Max-Forwards", "0068").max_forwards(), Ok(Some(68)));
        assert_eq!(Headers::new().max_forwards(), Ok(None));
        assert!(with("Max-Forwards", "300").max_forwards().is_err());
    }

    #[test]
    fn session_timers_say_who_refreshes() {
        let headers = with("x", "1800 ; refresher=UAS");
        assert_eq!(headers.session_expires(), Some((1800, Some(Refresher::Uas))));
        assert_eq!(with("Min-SE", "90").min_se(), Some(90));
        assert_eq!(with("Session-Expires", "soon").session_expires(), None);
    }

    #[test]
    fn retry_after_may_carry_a_comment() {
        let headers = with("Retry-After", "18000 (in a meeting);duration=3600");
        assert_eq!(headers.retry_after(), Some(18000));
        assert_eq!(with("Expires", "10000000000000").expires(), Some(u32::MAX));
    }

    #[test]
    fn a_star_stands_alone() {
        assert_eq!(with("m", "*").contacts(), Ok(Contacts::Star));
        let mut both = with("m", "*");
        both.push("Contact", "<sip:a@example.com>");
        assert!(both.contacts().is_err());
    }

    #[test]
    fn two_contacts_may_stand_in_one_line() {
        let headers = with("Contact", r#""a, b" <sip:a,1@example.com>, sip:b@example.com;q=1"#);
        let Ok(Contacts::List(list)) = headers.contacts() else {
            panic!("no list")
        };
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn fifty_long_accept_headers_are_only_a_list() {
        let mut headers = Headers::new();
        for i in 0..50 {
            headers.push("Accept", format!("text/{}{i}", "x".repeat(400)));
        }
        assert_eq!(headers.list(&HeaderName::Accept).len(), 50);
    }

    #[test]
    fn a_content_type_without_slash_is_unsupported_and_no_error() {
        assert!(MediaType::parse("Application / SDP ; charset=utf-8").is("application/sdp"));
        assert!(!MediaType::parse("sdp").is("application/sdp"));
    }

    #[test]
    fn rack_has_three_parts() {
        assert_eq!(
            with("RAck", "776656 1 INVITE").rack().map(|r| r.to_string()),
            Some("776656 1 INVITE".into())
        );
        assert_eq!(with("RAck", "776656 1").rack(), None);
        assert_eq!(with("RAck", "776656 1 INVITE x").rack(), None);
    }
}
