//! Accounts and the telephones bound to them. Plain data.

use std::collections::HashMap;

use crate::kernel::Wall;
use crate::sip::Flow;
use crate::sip::digest::HashedPassword;
use crate::sip::message::Uri;

/// Who may register and call, and the hash of the password.
#[derive(Clone, Default)]
pub struct Accounts {
    /// The realm that the hashes were made for.
    pub realm: String,
    /// By user name.
    pub by_user: HashMap<String, HashedPassword>,
}

/// One telephone of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The account.
    pub user: String,
    /// What it gave as its Contact: the request's URI for calls to it, whatever NAT made of the address.
    pub contact: Uri,
    /// The way to it: where its REGISTER came from.
    pub flow: Flow,
    /// `+sip.instance` (RFC 5626), if it has one: a telephone that comes back from another address replaces itself.
    pub instance: Option<String>,
    /// Preference, thousandths (RFC 3261 §10.2.1.2).
    pub q: u16,
    /// When it ends.
    pub expires: Wall,
    /// Call-ID and CSeq of the last REGISTER: an older one changes nothing.
    pub call_id: String,
    /// See `call_id`.
    pub cseq: u32,
    /// Its User-Agent, for people who look.
    pub user_agent: String,
}

/// What has changed for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingChange {
    /// The account.
    pub user: String,
    /// All its telephones now, the preferred ones first.
    pub bindings: Vec<Binding>,
}
