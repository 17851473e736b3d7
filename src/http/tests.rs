//! The port over real sockets, with a status made up for the test.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::kernel::{CallId, EndReason, EndedBy, PhoneNumber, Wall};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const NINE_THIRTY: Wall = Wall::from_millis(1_793_842_200_000); // 2026-11-05 09:30:00 +08:00

#[derive(Default)]
struct Town {
    draining: AtomicBool,
    ledger_away: bool,
    bad_plans: bool,
}

impl Status for Town {
    fn site(&self) -> Site {
        Site {
            name: "<b>演示市</b>".into(),
            time_zone: "Asia/Shanghai".into(),
            started: Wall::from_millis(NINE_THIRTY.as_millis() - 3_723_000),
            dial: vec!["sip:12345@127.0.0.1:5060".into()],
            numbers: vec![Number {
                number: "12345".into(),
                name: "政务服务热线".into(),
            }],
        }
    }

    fn readiness(&self) -> Readiness {
        let draining = self.draining.load(Ordering::Relaxed);
        Readiness {
            sip_bound: true,
            journal_writable: !self.ledger_away,
            dialplan_loaded: true,
            draining,
        }
    }

    fn figures(&self) -> Figures {
        let trunks = vec![TrunkState {
            name: "carrier".into(),
            up: false,
        }];
        Figures {
            at: NINE_THIRTY,
            calls_since_start: 7,
            trunks,
            ..Figures::default()
        }
    }

    fn live(&self) -> Vec<LiveCall> {
        vec![LiveCall {
            id: CallId::new(NINE_THIRTY, 1),
            from: PhoneNumber::new("13800001234"),
            to: PhoneNumber::new("12345"),
            hotline: Some("<script>".into()),
            since: Wall::from_millis(NINE_THIRTY.as_millis() - 65_000),
            step: Some("main.greeting".into()),
        }]
    }

    fn recent(&self, limit: usize) -> Answer<'_, Vec<RecentCall>> {
        let call = RecentCall {
            id: CallId::new(NINE_THIRTY, 2),
            from: PhoneNumber::new("13900005678"),
            to: PhoneNumber::new("12345"),
            hotline: None,
            at: NINE_THIRTY,
            duration_ms: 61_000,
            ended_by: EndedBy::Caller,
            reason: EndReason::Hangup,
        };
        let away = self.ledger_away;
        Box::pin(async move {
            if away {
                Err(Error::LedgerAway("database is locked: /secret/path".into()))
            } else {
                Ok(vec![call; limit.min(1)])
            }
        })
    }
}

impl Control for Town {
    fn reload(&self) -> std::pin::Pin<Box<dyn Future<Output = Result<Reloaded, NotReloaded>> + Send + '_>> {
        let bad = self.bad_plans;
        Box::pin(async move {
            if bad {
                Err(NotReloaded(vec!["main.toml:3:1: no such step".into()]))
            } else {
                Ok(Reloaded { numbers: 2, flows: 3 })
            }
        })
    }

    fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}

struct Port {
    address: SocketAddr,
    _stop: watch::Sender<bool>,
}

impl Port {
    async fn open(town: Town, request_timeout: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, TOKEN).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let token = Token::load_or_create(&file).unwrap();
        let town = Arc::new(town);
        let app = App::new(town.clone(), town, metrics::recorder().unwrap().handle(), token);
        let listen = config::Http {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            max_connections: 2,
            ..config::Http::default()
        };
        let mut server = Server::bind(&listen).await.unwrap();
        server.request_timeout = request_timeout;
        let (stop, stopped) = watch::channel(false);
        let address = server.addresses()[0];
        tokio::spawn(server.run(app, stopped));
        Self { address, _stop: stop }
    }

    async fn calm() -> Self {
        Self::open(Town::default(), Duration::from_secs(30)).await
    }

    async fn ask(&self, request_line: &str, header: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("{request_line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "").await
    }
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\nContent-Length: 0\r\n")
}

#[tokio::test]
async fn a_supervisor_learns_whether_it_lives_and_may_have_calls() {
    let port = Port::calm().await;
    assert!(port.get("/healthz").await.ends_with("ok\n"));
    let ready = port.get("/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 200") && ready.contains(r#""ready":true"#),
        "{ready}"
    );

    let port = Port::open(
        Town {
            ledger_away: true,
            ..Town::default()
        },
        Duration::from_secs(30),
    )
    .await;
    let ready = port.get("/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.contains(r#"["journal_not_writable"]"#),
        "{ready}"
    );
    assert!(
        port.get("/healthz").await.starts_with("HTTP/1.1 200"),
        "alive does not depend on the ledger"
    );
}

#[tokio::test]
async fn the_page_tells_what_to_dial_and_shows_no_whole_number() {
    let page = Port::calm().await.get("/").await;
    for words in [
        "sip:12345@127.0.0.1:5060",
        "政务服务热线",
        "138****1234",
        "139****5678",
        "1:02:03",
        "中继不通：carrier",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    assert!(page.contains("2026-11-05 09:30:00"), "{page}");
    assert!(
        !page.contains("13800001234") && !page.contains("<script>") && !page.contains("<b>"),
        "{page}"
    );
    assert!(page.contains("content-security-policy: default-src 'none'"), "{page}");
}

#[tokio::test]
async fn the_page_comes_even_when_the_ledger_does_not_answer() {
    let port = Port::open(
        Town {
            ledger_away: true,
            ..Town::default()
        },
        Duration::from_secs(30),
    )
    .await;
    let page = port.get("/").await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("台账暂时无法读取"),
        "{page}"
    );
    let calls = port.get("/api/calls").await;
    assert!(
        calls.starts_with("HTTP/1.1 503") && !calls.contains("/secret/path"),
        "{calls}"
    );
}

#[tokio::test]
async fn calls_are_listed_masked_with_the_local_time() {
    let port = Port::calm().await;
    let calls = port.get("/api/calls?recent=1").await;
    for words in [
        r#""from":"138****1234""#,
        r#""since":"2026-11-05T09:28:55.000+08:00""#,
        r#""reason":"hangup""#,
    ] {
        assert!(calls.contains(words), "{words} is missing in {calls}");
    }
    assert!(port.get("/api/calls?recent=0").await.contains(r#""recent":[]"#));
    for wrong in ["?recent=501", "?recent=-1", "?recent=x", "?sort=1;drop"] {
        let answer = port.get(&format!("/api/calls{wrong}")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

#[tokio::test]
async fn admin_actions_need_the_token() {
    let port = Port::calm().await;
    for header in [
        "Content-Length: 0\r\n".into(),
        bearer("wrong"),
        bearer(""),
        format!("Authorization: Basic {TOKEN}\r\nContent-Length: 0\r\n"),
    ] {
        for action in ["/admin/reload", "/admin/drain"] {
            let answer = port.ask(&format!("POST {action}"), &header).await;
            assert!(
                answer.starts_with("HTTP/1.1 401") && answer.contains("www-authenticate: Bearer"),
                "{answer}"
            );
        }
    }
    assert!(
        port.get("/readyz").await.starts_with("HTTP/1.1 200"),
        "nothing was drained"
    );

    let reloaded = port.ask("POST /admin/reload", &bearer(TOKEN)).await;
    assert!(reloaded.contains(r#"{"flows":3,"numbers":2}"#), "{reloaded}");
    assert!(
        port.ask("POST /admin/drain", &bearer(TOKEN))
            .await
            .starts_with("HTTP/1.1 202")
    );
    assert!(port.get("/readyz").await.contains(r#"["draining"]"#));
}

#[tokio::test]
async fn a_reload_with_mistakes_names_them() {
    let port = Port::open(
        Town {
            bad_plans: true,
            ..Town::default()
        },
        Duration::from_secs(30),
    )
    .await;
    let answer = port.ask("POST /admin/reload", &bearer(TOKEN)).await;
    assert!(
        answer.starts_with("HTTP/1.1 422") && answer.contains("main.toml:3:1: no such step"),
        "{answer}"
    );
}

#[tokio::test]
async fn what_does_not_exist_is_told_in_the_same_form() {
    let port = Port::calm().await;
    assert!(port.get("/nothing").await.contains(r#""error":"not_found""#));
    assert!(
        port.get("/admin/drain")
            .await
            .contains(r#""error":"method_not_allowed""#)
    );
}

#[tokio::test]
async fn clients_that_send_nothing_cannot_keep_the_port_from_others() {
    let port = Port::open(Town::default(), Duration::from_millis(100)).await;
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(port.address).await.unwrap();
        stream.write_all(b"GET / HT").await.unwrap();
        idle.push(stream);
    }
    let answer = tokio::time::timeout(Duration::from_secs(5), port.get("/healthz"))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"));
}
