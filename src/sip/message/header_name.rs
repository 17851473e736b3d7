//! Header field names: canonical spelling, compact forms, any case (RFC 3261 §7.3.1, §7.3.3). Knows no value.

use std::fmt;
use std::hash::{Hash, Hasher};

macro_rules! header_names {
    ($($variant:ident = $canonical:literal $(/ $compact:literal)?;)*) => {
        /// The name of a header field. Unknown names keep their spelling but compare without case.
        #[derive(Clone, Debug)]
        pub enum HeaderName {
            $(
                #[doc = concat!("`", $canonical, "`")]
                $variant,
            )*
            /// Any other name, as written.
            Other(String),
        }

        const KNOWN: &[(&str, HeaderName)] = &[
            $(
                ($canonical, HeaderName::$variant),
                $(($compact, HeaderName::$variant),)?
            )*
        ];

        impl HeaderName {
            /// The canonical spelling; for an unknown name the one that came.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $canonical,)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

header_names! {
    Via = "Via" / "v";
    From = "From" / "f";
    To = "To" / "t";
    CallId = "Call-ID" / "i";
    CSeq = "CSeq";
    MaxForwards = "Max-Forwards";
    Contact = "Contact" / "m";
    ContentLength = "Content-Length" / "l";
    ContentType = "Content-Type" / "c";
    ContentEncoding = "Content-Encoding" / "e";
    ContentDisposition = "Content-Disposition";
    ContentLanguage = "Content-Language";
    Route = "Route";
    RecordRoute = "Record-Route";
    Path = "Path";
    ServiceRoute = "Service-Route";
    Require = "Require";
    Supported = "Supported" / "k";
    Unsupported = "Unsupported";
    ProxyRequire = "Proxy-Require";
    Allow = "Allow";
    AllowEvents = "Allow-Events" / "u";
    Accept = "Accept";
    AcceptEncoding = "Accept-Encoding";
    AcceptLanguage = "Accept-Language";
    AcceptContact = "Accept-Contact" / "a";
    RejectContact = "Reject-Contact" / "j";
    RequestDisposition = "Request-Disposition" / "d";
    Authorization = "Authorization";
    ProxyAuthorization = "Proxy-Authorization";
    WwwAuthenticate = "WWW-Authenticate";
    ProxyAuthenticate = "Proxy-Authenticate";
    AuthenticationInfo = "Authentication-Info";
    Expires = "Expires";
    MinExpires = "Min-Expires";
    SessionExpires = "Session-Expires" / "x";
    MinSe = "Min-SE";
    Rseq = "RSeq";
    Rack = "RAck";
    RetryAfter = "Retry-After";
    Reason = "Reason";
    UserAgent = "User-Agent";
    Server = "Server";
    Warning = "Warning";
    Date = "Date";
    Timestamp = "Timestamp";
    Event = "Event" / "o";
    SubscriptionState = "Subscription-State";
    ReferTo = "Refer-To" / "r";
    ReferredBy = "Referred-By" / "b";
    Replaces = "Replaces";
    PAssertedIdentity = "P-Asserted-Identity";
    PPreferredIdentity = "P-Preferred-Identity";
    RemotePartyId = "Remote-Party-ID";
    Privacy = "Privacy";
    Diversion = "Diversion";
    HistoryInfo = "History-Info";
    Identity = "Identity" / "y";
    AlertInfo = "Alert-Info";
    CallInfo = "Call-Info";
    InReplyTo = "In-Reply-To";
    MimeVersion = "MIME-Version";
    Organization = "Organization";
    Priority = "Priority";
    Subject = "Subject" / "s";
}

impl HeaderName {
    /// Reads a name in any case, in full or compact form. Trailing white space is not part of a name
    /// (RFC 3261 §7.3.1): `X-Internal :` is `X-Internal`, and no way round a filter.
    pub fn parse(text: &str) -> Self {
        let text = super::scan::trim(text);
        KNOWN
            .iter()
            .find(|(known, _)| known.len() == text.len() && known.eq_ignore_ascii_case(text))
            .map_or_else(|| Self::Other(text.to_owned()), |(_, name)| name.clone())
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(a), Self::Other(b)) => a.eq_ignore_ascii_case(b),
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl Eq for HeaderName {}

impl Hash for HeaderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        if let Self::Other(name) = self {
            for byte in name.bytes() {
                state.write_u8(byte.to_ascii_lowercase());
            }
        }
    }
}

impl From<&str> for HeaderName {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl From<&Self> for HeaderName {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_header_has_many_spellings() {
        for text in ["Call-ID", "call-id", "CALL-ID", "i", "I", "i \t"] {
            assert_eq!(HeaderName::parse(text), HeaderName::CallId);
        }
        assert_eq!(HeaderName::parse("x").as_str(), "Session-Expires");
    }

    #[test]
    fn a_space_before_the_colon_makes_no_new_header() {
        let smuggled = HeaderName::parse("X-Internal ");
        assert_eq!(smuggled, HeaderName::parse("x-internal"));
        assert_eq!(smuggled.as_str(), "X-Internal");
    }
}
