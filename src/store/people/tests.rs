//! People over restarts, and what is never kept.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::kernel::{AgentId, Role, Wall};
use crate::queue::Profile;
use crate::sip::message::Uri;
use crate::sip::registrar::Binding;
use crate::sip::{Flow, Transport};

const NOW: Wall = Wall::from_millis(1_700_000_000_000);
const REALM: &str = "example.gov.cn";
const PASSWORD: &str = "kV9-pq2!xTz7";

struct House {
    folder: tempfile::TempDir,
    people: People,
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(&People::path(folder.path())).await.unwrap();
        Self { folder, people }
    }

    async fn again(self) -> Self {
        self.people.close().await;
        let people = People::open(&self.file()).await.unwrap();
        Self { people, ..self }
    }

    fn file(&self) -> PathBuf {
        People::path(self.folder.path())
    }
}

fn id(text: &str) -> AgentId {
    AgentId::parse(text).unwrap()
}

fn profile(text: &str) -> Profile {
    Profile {
        id: id(text),
        name: "李伟".into(),
        role: Role::Supervisor,
        queues: BTreeMap::from([("general".into(), 1), ("english".into(), 2)]),
        skills: BTreeMap::from([("english".into(), 7)]),
        wrap_up: Some(Duration::from_secs(30)),
    }
}

fn wish(text: &str) -> AgentWish {
    AgentWish {
        profile: profile(text),
        credentials: Credentials::of(&id(text), REALM, PASSWORD),
    }
}

fn binding(user: &str, port: u16) -> Binding {
    Binding {
        user: user.into(),
        contact: Uri::parse(&format!("sip:{user}@192.168.1.5:{port};ob")).unwrap(),
        flow: Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "[2001:db8::7]:5062".parse().unwrap(),
            connection: 0,
        },
        instance: Some("<urn:uuid:00000000-0000-4000-8000-000000000001>".into()),
        q: 500,
        expires: NOW,
        call_id: "a@b".into(),
        cseq: u32::MAX,
        user_agent: "桌面话机 1.0 \"x\"".into(),
    }
}

#[tokio::test]
async fn an_agent_is_the_same_after_a_restart() {
    let house = House::open().await;
    house.people.create_agents(vec![wish("8001")], NOW).await.unwrap();
    let house = house.again().await;
    let agent = house.people.agent(&id("8001")).await.unwrap().unwrap();
    assert_eq!(agent.profile, profile("8001"));
    assert!(agent.enabled && !agent.test_password);
    let (accounts, others) = house.people.accounts(REALM).await.unwrap();
    assert!(accounts.by_user["8001"] == wish("8001").credentials.hashed && others == 0);
    let (accounts, others) = house.people.accounts("other").await.unwrap();
    assert!(accounts.by_user.is_empty() && others == 1, "hashes are for one realm");
}

#[tokio::test]
async fn no_password_and_no_token_lies_in_the_file_and_only_its_owner_reads_it() {
    let house = House::open().await;
    house.people.create_agents(vec![wish("8001")], NOW).await.unwrap();
    let new = NewToken {
        name: "wallboard".into(),
        role: Role::Agent,
        agent: None,
        made_by: "test".into(),
        expires: None,
    };
    let (_, secret) = house.people.create_token(new, NOW).await.unwrap();
    let house = house.again().await;
    for file in std::fs::read_dir(house.folder.path()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o077,
            0,
            "{path:?}"
        );
        let bytes = std::fs::read(&path).unwrap();
        for hidden in [PASSWORD, secret.as_str(), secret.trim_start_matches("yihao-")] {
            assert!(!bytes.windows(hidden.len()).any(|part| part == hidden.as_bytes()));
        }
    }
}

#[tokio::test]
async fn an_import_is_done_whole_or_not_at_all() {
    let House { people, .. } = &House::open().await;
    people.create_agents(vec![wish("8001")], NOW).await.unwrap();
    let version = people.agents_version().await.unwrap();
    let twice = vec![wish("8002"), wish("8001"), wish("8003")];
    let refused = people.create_agents(twice, NOW).await;
    assert!(matches!(refused, Err(PeopleError::Exists(name)) if name == "8001"));
    assert_eq!(people.agents().await.unwrap().len(), 1);
    assert_eq!(people.agents_version().await.unwrap(), version);
}

#[tokio::test]
async fn every_change_is_seen_by_who_looks_at_the_version() {
    let House { people, .. } = &House::open().await;
    let mut versions = vec![people.agents_version().await.unwrap()];
    let agent = id("8001");
    people.create_agents(vec![wish("8001")], NOW).await.unwrap();
    versions.push(people.agents_version().await.unwrap());
    let mut changed = profile("8001");
    changed.queues.clear();
    people.change_agent(changed.clone(), NOW).await.unwrap();
    assert_eq!(people.agent(&agent).await.unwrap().unwrap().profile, changed);
    versions.push(people.agents_version().await.unwrap());
    people.enable_agent(&agent, false, NOW).await.unwrap();
    assert!(people.accounts(REALM).await.unwrap().0.by_user.is_empty());
    versions.push(people.agents_version().await.unwrap());
    let weak = Credentials::of(&agent, REALM, "pw");
    people.set_password(&agent, weak, NOW).await.unwrap();
    assert!(people.agent(&agent).await.unwrap().unwrap().test_password);
    versions.push(people.agents_version().await.unwrap());
    people.remove_agent(&agent, NOW).await.unwrap();
    versions.push(people.agents_version().await.unwrap());
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    assert!(matches!(
        people.remove_agent(&agent, NOW).await,
        Err(PeopleError::Unknown(_))
    ));
    assert!(matches!(
        people.change_agent(profile("8001"), NOW).await,
        Err(PeopleError::Unknown(_))
    ));
}

#[tokio::test]
async fn telephones_are_written_by_the_account() {
    let house = House::open().await;
    let batch = BTreeMap::from([
        ("8001".to_owned(), vec![binding("8001", 5060), binding("8001", 5070)]),
        ("8002".to_owned(), vec![binding("8002", 5060)]),
    ]);
    house.people.save_bindings(&batch).await.unwrap();
    let less = BTreeMap::from([("8001".to_owned(), vec![binding("8001", 5070)])]);
    house.people.save_bindings(&less).await.unwrap();
    let house = house.again().await;
    let all = house.people.bindings().await.unwrap();
    assert_eq!(all, [binding("8001", 5070), binding("8002", 5060)]);
    let none = BTreeMap::from([("8001".to_owned(), vec![]), ("8002".to_owned(), vec![])]);
    house.people.save_bindings(&none).await.unwrap();
    assert_eq!(house.people.bindings().await.unwrap(), []);
}

#[tokio::test]
async fn a_token_opens_until_it_ends_is_ended_or_its_agent_goes() {
    let House { people, .. } = &House::open().await;
    people.create_agents(vec![wish("8001")], NOW).await.unwrap();
    let later = |s| NOW + Duration::from_secs(s);
    let new = |agent: Option<&str>, expires| NewToken {
        name: "desk".into(),
        role: Role::Agent,
        agent: agent.map(id),
        made_by: "admin".into(),
        expires,
    };
    let (short, secret) = people.create_token(new(None, Some(later(60))), NOW).await.unwrap();
    assert_eq!(people.find_token(&secret, later(59)).await.unwrap(), Some(short));
    assert_eq!(people.find_token(&secret, later(60)).await.unwrap(), None);
    let (ended, secret) = people.create_token(new(None, None), NOW).await.unwrap();
    people.revoke_token(&ended.id, later(5)).await.unwrap();
    assert_eq!(people.find_token(&secret, later(5)).await.unwrap(), None);
    assert!(matches!(
        people.revoke_token(&ended.id, later(6)).await,
        Err(PeopleError::Unknown(_))
    ));
    let (bound, secret) = people.create_token(new(Some("8001"), None), NOW).await.unwrap();
    assert_eq!(people.find_token(&secret, NOW).await.unwrap(), Some(bound));
    assert_eq!(people.find_token("yihao-", NOW).await.unwrap(), None);
    people.enable_agent(&id("8001"), false, NOW).await.unwrap();
    assert_eq!(people.find_token(&secret, NOW).await.unwrap(), None);
    people.enable_agent(&id("8001"), true, NOW).await.unwrap();
    people.remove_agent(&id("8001"), NOW).await.unwrap();
    people.create_agents(vec![wish("8001")], NOW).await.unwrap();
    assert_eq!(
        people.find_token(&secret, NOW).await.unwrap(),
        None,
        "a namesake gets no old token"
    );
    assert!(matches!(
        people.create_token(new(Some("8009"), None), NOW).await,
        Err(PeopleError::Unknown(name)) if name == "8009"
    ));
    let all = people.list_tokens().await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all.iter().filter(|it| it.is_good(later(5))).count(), 1);
}
