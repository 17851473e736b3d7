//! What a house lives through with its carriers, in virtual time.

mod registrar;
mod registration;
mod shards;
mod transfers;

use yihao::sip::digest::Account;
use yihao::sip::message::Uri;
use yihao::sip::trunk::TrunkConfig;

/// A trunk to `server` that neither registers nor asks.
fn trunk(server: &str) -> TrunkConfig {
    let uri = |text: &str| Uri::parse(text).unwrap();
    TrunkConfig {
        name: "carrier".into(),
        peers: Vec::new(),
        server: uri(server),
        srv: true,
        outbound_proxy: None,
        identity: uri("sip:hotline@carrier.example.com"),
        contact: uri("sip:hotline@192.0.2.1"),
        account: Some(Account {
            username: "hotline".into(),
            password: "right".into(),
            realm: None,
        }),
        expires_s: None,
        options_interval_s: None,
    }
}
