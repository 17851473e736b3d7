//! Challenges and credentials of HTTP digest authentication as SIP carries them (RFC 3261 §22.4, RFC 8760).
