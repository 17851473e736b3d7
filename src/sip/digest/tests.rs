//! The RFCs' own examples, and stories of logging in and of those who should not.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::auth::Qop;
use super::hash::{Covered, HashKind, Key, Protection, ha1, hex, request_digest, work};
use super::nonce::Counts;
use super::*;
use crate::kernel::Wall;
use crate::sip::message::{HeaderName, Method, Request, Response, Uri};

/// RFC 2617 §3.5.
#[test]
fn the_example_of_rfc_2617() {
    let covered = Covered {
        algorithm: Algorithm::MD5,
        method: "GET",
        uri: "/dir/index.html",
        nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        qop: Some(Protection {
            qop: "auth",
            nc: "00000001",
            cnonce: "0a4f113b",
        }),
        body: b"",
    };
    let ha1 = ha1(HashKind::Md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
    assert_eq!(request_digest(&ha1, &covered), "6629fae49393a05397450978507c4ef1");
}

/// RFC 7616 §3.9.1, which is also the computation that RFC 8760 takes over for SIP.
#[test]
fn the_examples_of_rfc_7616() {
    for (algorithm, expected) in [
        (Algorithm::MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            Algorithm::SHA_256,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let covered = Covered {
            algorithm,
            method: "GET",
            uri: "/dir/index.html",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            qop: Some(Protection {
                qop: "auth",
                nc: "00000001",
                cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            }),
            body: b"",
        };
        let ha1 = ha1(algorithm.hash, "Mufasa", "http-auth@example.org", "Circle of Life");
        assert_eq!(request_digest(&ha1, &covered), expected);
    }
}

/// RFC 4231 §4.3 (a key shorter than ours is padded with zeros either way).
#[test]
fn the_keyed_hash_is_hmac_sha_256() {
    let mut key = [0; 32];
    key[..4].copy_from_slice(b"Jefe");
    assert_eq!(
        hex(&Key::new(&key).code(&[b"what do ya want ", b"for nothing?"])),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn challenges_and_credentials_come_back_as_they_were() {
    let text =
        r#"Digest realm="a, \"b\"", nonce="n=1", algorithm=SHA-256, qop="auth,auth-int", opaque="o", stale=true"#;
    let challenge = Challenge::parse(text.as_bytes()).unwrap();
    assert_eq!(challenge.realm, r#"a, \"b\""#);
    assert_eq!(challenge.to_string(), text);
    let text = r#"Digest username="13800001234", realm="r", nonce="n", uri="sip:example.com", response="00ff", algorithm=MD5-sess, qop=auth, nc=00000001, cnonce="c", opaque="o""#;
    let credentials = Credentials::parse(text.as_bytes()).unwrap();
    assert_eq!(credentials.to_string(), text);
    // As other stacks write it: any case, any order, spaces, trailing comma.
    let odd = b"digest  REALM = \"r\" ,nonce=\"\",algorithm=md5,";
    let odd = Challenge::parse(odd).unwrap();
    assert_eq!((odd.realm.as_str(), odd.algorithm), ("r", Algorithm::MD5));
}

#[test]
fn what_is_no_digest_is_refused_for_a_reason() {
    for (text, error) in [
        ("Basic QWxhZGRpbg==", AuthError::Scheme),
        ("Digest", AuthError::Scheme),
        ("Digest realm=\"r\"", AuthError::Missing("nonce")),
        ("Digest realm=\"r, nonce=\"n\"", AuthError::Syntax),
        ("Digest realm=\"r\" nonce=\"n\"", AuthError::Syntax),
        ("Digest realm=\"r", AuthError::Syntax),
        // Found by fuzzing: these came out of our quotes as something else.
        ("Digest realm=a\"b, nonce=n", AuthError::Syntax),
        ("Digest realm=a\\, nonce=n", AuthError::Syntax),
        ("Digest realm=\"a\\\u{1}\", nonce=n", AuthError::Syntax),
        ("Digest realm=\"r\", realm=\"s\"", AuthError::Repeated),
        (
            "Digest realm=\"r\", nonce=\"n\", algorithm=AKAv1-MD5",
            AuthError::Algorithm,
        ),
    ] {
        assert_eq!(Challenge::parse(text.as_bytes()), Err(error), "{text}");
    }
    assert_eq!(Challenge::parse(b"Digest \xff"), Err(AuthError::Syntax));
}

const REALM: &str = "example.gov.cn";
const USER: &str = "agent-07";
const PASSWORD: &str = "correct horse";

fn at(seconds: i64) -> Wall {
    Wall::from_millis(1_700_000_000_000 + seconds * 1000)
}

fn server() -> Authenticator {
    server_with(1000)
}

fn server_with(nonces_max: usize) -> Authenticator {
    Authenticator::new(&AuthenticatorConfig {
        realm: REALM.to_owned(),
        secret: [7; 32],
        nonce_lifetime_s: 300,
        nonces_max,
    })
}

fn client(password: &str) -> Answerer {
    Answerer::new(Account {
        username: USER.to_owned(),
        password: password.to_owned(),
        realm: None,
    })
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(3)
}

fn register() -> Request {
    let uri = Uri::parse("sip:example.gov.cn").unwrap();
    Request::new(Method::Register, uri)
}

fn unauthorized(challenges: Vec<Challenge>) -> Response {
    let mut response = Response::new(401);
    for challenge in challenges {
        response
            .headers
            .push(HeaderName::WwwAuthenticate, challenge.to_string());
    }
    response
}

fn stored(user: &str) -> Option<HashedPassword> {
    (user == USER).then(|| HashedPassword::of(USER, REALM, PASSWORD))
}

fn credentials(request: &Request) -> Credentials {
    Credentials::parse(request.headers.get(&HeaderName::Authorization).unwrap()).unwrap()
}

#[test]
fn the_phone_logs_in_with_the_strongest_hash_and_stays_logged_in() {
    let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
    let mut request = register();
    let refusal = server.check(&request, stored, at(0)).unwrap_err();
    assert_eq!(refusal, Refusal::NoCredentials);
    let challenges = server.challenges(refusal.is_stale(), at(0));
    assert_eq!(challenges[0].algorithm, Algorithm::SHA_256);
    assert_eq!(challenges[1].algorithm, Algorithm::MD5);
    client.challenged(&unauthorized(challenges)).unwrap();
    for count in ["00000001", "00000002", "00000003"] {
        client.authorize(&mut request, &mut rng);
        assert_eq!(request.headers.count(&HeaderName::Authorization), 1);
        let sent = credentials(&request);
        assert_eq!(sent.algorithm, Algorithm::SHA_256);
        assert_eq!(sent.qop.unwrap().nc, count);
        assert_eq!(server.check(&request, stored, at(1)), Ok(USER.to_owned()));
    }
}

#[test]
fn an_old_phone_that_knows_only_md5_and_no_qop_gets_in_once_per_nonce() {
    let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
    let mut old = server.challenges(false, at(0)).remove(1);
    old.qop.clear();
    client.challenged(&unauthorized(vec![old])).unwrap();
    let mut request = register();
    client.authorize(&mut request, &mut rng);
    assert_eq!(credentials(&request).qop, None);
    assert!(server.check(&request, stored, at(1)).is_ok());
    assert_eq!(server.check(&request, stored, at(2)), Err(Refusal::Replayed));
}

#[test]
fn session_variants_and_whole_bodies_are_understood_on_both_sides() {
    for (algorithm, qop) in [("MD5-sess", "auth"), ("SHA-256-sess", "auth"), ("SHA-256", "auth-int")] {
        let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
        let mut challenge = server.challenges(false, at(0)).remove(0);
        challenge.algorithm = Algorithm::parse(algorithm).unwrap();
        challenge.qop = vec![qop.to_owned()];
        client.challenged(&unauthorized(vec![challenge])).unwrap();
        let mut request = register();
        request.body = b"body".to_vec();
        for _ in 0..2 {
            client.authorize(&mut request, &mut rng);
            assert!(server.check(&request, stored, at(1)).is_ok(), "{algorithm}");
        }
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_look_alike_and_are_not_tried_twice() {
    for (user, password) in [(USER, "wrong"), ("nobody", PASSWORD)] {
        let (mut server, mut rng) = (server(), rng());
        let mut client = Answerer::new(Account {
            username: user.to_owned(),
            password: password.to_owned(),
            realm: None,
        });
        client
            .challenged(&unauthorized(server.challenges(false, at(0))))
            .unwrap();
        let mut request = register();
        client.authorize(&mut request, &mut rng);
        let refusal = server.check(&request, stored, at(1)).unwrap_err();
        assert_eq!(refusal, Refusal::Wrong);
        let again = unauthorized(server.challenges(refusal.is_stale(), at(1)));
        assert_eq!(client.challenged(&again), Err(Refused::Credentials));
    }
}

#[test]
fn an_old_nonce_is_stale_and_the_phone_tries_again_by_itself() {
    let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
    client
        .challenged(&unauthorized(server.challenges(false, at(0))))
        .unwrap();
    let mut request = register();
    client.authorize(&mut request, &mut rng);
    let refusal = server.check(&request, stored, at(301)).unwrap_err();
    assert_eq!(refusal, Refusal::Stale);
    let fresh = server.challenges(refusal.is_stale(), at(301));
    client.challenged(&unauthorized(fresh)).unwrap();
    client.authorize(&mut request, &mut rng);
    assert!(server.check(&request, stored, at(302)).is_ok());
}

#[test]
fn a_server_that_always_says_stale_is_given_up() {
    let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
    let mut rounds = 0;
    while client.challenged(&unauthorized(server.challenges(true, at(0)))).is_ok() {
        client.authorize(&mut register(), &mut rng);
        rounds += 1;
        assert!(rounds < 10);
    }
    assert_eq!(rounds, 3);
}

#[test]
fn a_nonce_of_another_server_or_before_a_restart_is_stale_not_wrong() {
    let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
    let mut challenge = server.challenges(false, at(0)).remove(0);
    challenge.nonce.replace_range(30..31, "z");
    client.challenged(&unauthorized(vec![challenge])).unwrap();
    let mut request = register();
    client.authorize(&mut request, &mut rng);
    assert_eq!(server.check(&request, stored, at(0)), Err(Refusal::Stale));
}

#[test]
fn a_nonce_is_good_for_the_peer_that_it_was_given_to() {
    let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
    let challenges = server.challenges_for("192.0.2.1", false, at(0));
    client.challenged(&unauthorized(challenges)).unwrap();
    let mut request = register();
    client.authorize(&mut request, &mut rng);
    for other in ["192.0.2.2", ""] {
        assert_eq!(server.check_of(&request, other, stored, at(1)), Err(Refusal::Stale));
    }
    assert!(server.check_of(&request, "192.0.2.1", stored, at(1)).is_ok());
}

#[test]
fn with_a_nonce_that_is_not_good_no_password_is_tried() {
    for password in [PASSWORD, "wrong"] {
        let (mut server, mut client, mut rng) = (server(), client(password), rng());
        client
            .challenged(&unauthorized(server.challenges(false, at(0))))
            .unwrap();
        let mut request = register();
        client.authorize(&mut request, &mut rng);
        let check = || server.check(&request, |_| panic!("nobody is looked up"), at(301));
        assert_eq!(work::of(check), (Err(Refusal::Stale), 1), "{password}");
    }
}

#[test]
fn overheard_credentials_open_nothing() {
    let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
    client
        .challenged(&unauthorized(server.challenges(false, at(0))))
        .unwrap();
    let mut request = register();
    client.authorize(&mut request, &mut rng);
    assert!(server.check(&request, stored, at(1)).is_ok());
    assert_eq!(server.check(&request, stored, at(2)), Err(Refusal::Replayed));
    // Another method, or another count without the password.
    let mut other = request.clone();
    other.method = Method::Invite;
    assert_eq!(server.check(&other, stored, at(2)), Err(Refusal::Wrong));
    let mut forged = credentials(&request);
    forged.qop = forged.qop.map(|it| Qop {
        nc: "00000002".to_owned(),
        ..it
    });
    let mut other = register();
    other.headers.push(HeaderName::Authorization, forged.to_string());
    assert_eq!(server.check(&other, stored, at(2)), Err(Refusal::Wrong));
}

#[test]
fn a_hash_that_is_not_offered_is_not_taken() {
    let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
    let old = server.challenges(false, at(0)).remove(1);
    client.challenged(&unauthorized(vec![old])).unwrap();
    let mut server = server.offering(&[HashKind::Sha256]);
    let mut request = register();
    client.authorize(&mut request, &mut rng);
    assert_eq!(credentials(&request).algorithm, Algorithm::MD5);
    assert_eq!(server.check(&request, stored, at(0)), Err(Refusal::Unusable));
    assert_eq!(server.challenges(false, at(0)).len(), 1);
}

#[test]
fn credentials_for_another_realm_are_passed_over() {
    let (mut server, mut client, mut rng) = (server(), client(PASSWORD), rng());
    client
        .challenged(&unauthorized(server.challenges(false, at(0))))
        .unwrap();
    let mut request = register();
    client.authorize(&mut request, &mut rng);
    let other = request.headers.text(&HeaderName::Authorization).unwrap();
    let other = other.replace(REALM, "example.com").into_bytes();
    request.headers.push_front(HeaderName::Authorization, other);
    assert!(server.check(&request, stored, at(1)).is_ok());
}

#[test]
fn unusable_credentials_are_refused() {
    for text in ["Digest realm=\"example.gov.cn\"", "Digest \"", "Bearer x"] {
        let mut request = register();
        request.headers.push(HeaderName::Authorization, text);
        assert_eq!(server().check(&request, stored, at(0)), Err(Refusal::Unusable));
    }
}

#[test]
fn the_proxy_and_the_registrar_both_ask() {
    let (mut client, mut rng) = (client(PASSWORD), rng());
    let mut server = server();
    client
        .challenged(&unauthorized(server.challenges(false, at(0))))
        .unwrap();
    let mut proxy = Response::new(407);
    let challenge = "Digest realm=\"proxy.example.com\", nonce=\"n\"";
    proxy.headers.push(HeaderName::ProxyAuthenticate, "Basic realm=\"x\"");
    proxy.headers.push(HeaderName::ProxyAuthenticate, challenge);
    client.challenged(&proxy).unwrap();
    let mut request = register();
    client.authorize(&mut request, &mut rng);
    assert_eq!(request.headers.count(&HeaderName::Authorization), 1);
    assert_eq!(request.headers.count(&HeaderName::ProxyAuthorization), 1);
}

#[test]
fn a_realm_that_is_not_ours_gets_no_password() {
    let mut client = Answerer::new(Account {
        username: USER.to_owned(),
        password: PASSWORD.to_owned(),
        realm: Some("carrier.example.com".to_owned()),
    });
    let asked = unauthorized(server().challenges(false, at(0)));
    assert_eq!(client.challenged(&asked), Err(Refused::NoChallenge));
    assert_eq!(client.challenged(&Response::new(403)), Err(Refused::NotAChallenge));
}

#[test]
fn quotes_in_a_name_cannot_break_out() {
    let mut client = Answerer::new(Account {
        username: "a\", realm=\"evil\r\n".to_owned(),
        password: PASSWORD.to_owned(),
        realm: None,
    });
    client
        .challenged(&unauthorized(server().challenges(false, at(0))))
        .unwrap();
    let mut request = register();
    client.authorize(&mut request, &mut rng());
    assert_eq!(credentials(&request).realm, REALM);
    let debug = format!("{client:?}");
    assert!(!debug.contains(PASSWORD));
}

#[test]
fn counts_may_overtake_each_other_but_none_comes_twice() {
    let mut counts = Counts::new(10, 300_000);
    let nonce = (1_700_000_000_000, 1);
    for (count, fresh) in [
        (0, false),
        (1, true),
        (5, true),
        (3, true),
        (3, false),
        (5, false),
        (100, true),
        (36, false), // too far behind to be known
        (37, true),
        (u32::MAX, true),
        (101, false),
    ] {
        assert_eq!(counts.take(nonce, count, at(1)), fresh, "{count}");
    }
}

#[test]
fn the_table_of_counts_is_bounded_and_what_it_forgets_is_not_let_in_again() {
    let mut counts = Counts::new(3, 300_000);
    let nonce = |n: u32| (1_700_000_000_000 + u64::from(n), n);
    for n in 0..5 {
        assert!(counts.take(nonce(n), 1, at(1)));
    }
    assert_eq!(counts.len(), 3);
    assert!(!counts.take(nonce(0), 1, at(1)) && !counts.take(nonce(1), 2, at(1)));
    assert!(counts.take(nonce(4), 2, at(1)));
    assert!(!counts.take(nonce(4), 3, at(400)), "too old");
    assert_eq!(counts.len(), 0);
}
