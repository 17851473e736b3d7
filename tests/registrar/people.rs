//! Accounts for the tests, made as the command line makes them.

use std::collections::BTreeMap;
use std::path::Path;

use yihao::kernel::{AgentId, Role, Wall};
use yihao::queue::Profile;
use yihao::store::people::{AgentWish, Credentials, People};

pub const PASSWORD: &str = "kV9-pq2!xTz7";
/// The realm of the default configuration.
pub const REALM: &str = "yihao";

/// A wish for an agent.
pub fn agent(name: &str) -> AgentWish {
    let id = AgentId::parse(name).unwrap();
    AgentWish {
        credentials: Credentials::of(&id, REALM, PASSWORD),
        profile: Profile {
            id,
            name: name.into(),
            role: Role::Agent,
            queues: BTreeMap::new(),
            skills: BTreeMap::new(),
            wrap_up: None,
        },
    }
}

/// Makes agents in a data folder.
pub async fn hire(dir: &Path, names: &[&str]) -> People {
    let people = People::open(&People::path(dir)).await.unwrap();
    let wishes = names.iter().map(|name| agent(name)).collect();
    people.create_agents(wishes, Wall::from_millis(1)).await.unwrap();
    people
}
