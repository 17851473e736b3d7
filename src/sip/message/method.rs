//! Request methods (RFC 3261 §7.1 and its extensions). Knows no method's meaning: an unknown one is kept as it came.

use std::fmt;

use super::scan::is_token;
use crate::kernel::limits::SIP_METHOD_MAX_BYTES;

/// A request method. Methods are case-sensitive tokens: `invite` is not INVITE, and `INVITEX` is another method.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Begins or changes a call (RFC 3261 §13, §14).
    Invite,
    /// Confirms the final answer to an INVITE (RFC 3261 §13.2.2.4, §17.1.1.3).
    Ack,
    /// Ends a call (RFC 3261 §15).
    Bye,
    /// Takes an unanswered request back (RFC 3261 §9).
    Cancel,
    /// Asks what the far side can do (RFC 3261 §11).
    Options,
    /// Binds an address of record to a contact (RFC 3261 §10).
    Register,
    /// Confirms a reliable provisional answer (RFC 3262).
    Prack,
    /// Changes a session, also before the answer (RFC 3311).
    Update,
    /// Carries application data within a call, such as keys (RFC 6086).
    Info,
    /// Asks the far side to call someone else (RFC 3515).
    Refer,
    /// Reports an event (RFC 6665).
    Notify,
    /// Asks for reports of events (RFC 6665).
    Subscribe,
    /// Carries a text message (RFC 3428).
    Message,
    /// Publishes event state (RFC 3903).
    Publish,
    /// Any other token, as it came; answered 405 or 501 by whoever is asked.
    Other(String),
}

impl Method {
    /// Reads a method token. `None` if it is no token or longer than [`SIP_METHOD_MAX_BYTES`].
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "INVITE" => Self::Invite,
            "ACK" => Self::Ack,
            "BYE" => Self::Bye,
            "CANCEL" => Self::Cancel,
            "OPTIONS" => Self::Options,
            "REGISTER" => Self::Register,
            "PRACK" => Self::Prack,
            "UPDATE" => Self::Update,
            "INFO" => Self::Info,
            "REFER" => Self::Refer,
            "NOTIFY" => Self::Notify,
            "SUBSCRIBE" => Self::Subscribe,
            "MESSAGE" => Self::Message,
            "PUBLISH" => Self::Publish,
            other if other.len() <= SIP_METHOD_MAX_BYTES && is_token(other.as_bytes()) => Self::Other(other.to_owned()),
            _not_a_token => return None,
        })
    }

    /// The token on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Options => "OPTIONS",
            Self::Register => "REGISTER",
            Self::Prack => "PRACK",
            Self::Update => "UPDATE",
            Self::Info => "INFO",
            Self::Refer => "REFER",
            Self::Notify => "NOTIFY",
            Self::Subscribe => "SUBSCRIBE",
            Self::Message => "MESSAGE",
            Self::Publish => "PUBLISH",
            Self::Other(token) => token,
        }
    }

    /// Whether this program has ever heard of the method (405 then says "not here", 501 "never").
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_word_is_another_method() {
        assert_eq!(Method::parse("INVITE"), Some(Method::Invite));
        assert_eq!(Method::parse("INVITEX"), Some(Method::Other("INVITEX".into())));
        assert_eq!(Method::parse("invite"), Some(Method::Other("invite".into())));
    }

    #[test]
    fn escapes_mean_nothing_in_a_method() {
        // esc02.dat: RE%47IST%45R is a token of its own, never REGISTER.
        let method = Method::parse("RE%47IST%45R").unwrap();
        assert!(!method.is_known());
        assert_eq!(method.to_string(), "RE%47IST%45R");
    }

    #[test]
    fn four_kilobytes_of_method_are_refused() {
        assert_eq!(Method::parse(&"A".repeat(4096)), None);
        assert_eq!(Method::parse(""), None);
        assert_eq!(Method::parse("IN VITE"), None);
    }
}
