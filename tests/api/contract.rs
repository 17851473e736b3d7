//! The description of the API and the API itself say the same: every route, every answer, every example.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::port::{ADMIN, Answer, Port};
use super::schema::{problems, resolved};

/// The description, as a client gets it.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let answer = Port::open().raw(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(answer.status, 200);
        answer.json()
    })
}

/// Holds an answer against the description: what is not described must not be said.
pub fn check(method: &str, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap();
    if !path.starts_with("/api/v1/") || path.ends_with("openapi.json") {
        return;
    }
    let Some((template, operation)) = operation(method, path) else {
        assert!(
            [400, 404, 405].contains(&answer.status),
            "{method} {path} is not described and answers {}",
            answer.status
        );
        return;
    };
    let response = &operation["responses"][answer.status.to_string()];
    assert!(
        !response.is_null(),
        "{method} {template} does not tell of {}: {}",
        answer.status,
        answer.text()
    );
    let content = &resolved(document(), response)["content"];
    let kind = answer.header("content-type").unwrap_or_default();
    if answer.body.is_empty() {
        return;
    }
    let kind = kind.split(';').next().unwrap();
    let schema = &content[kind]["schema"];
    assert!(
        !schema.is_null(),
        "{method} {template} does not tell of {kind} with {}",
        answer.status
    );
    if kind == "application/json" {
        let found = problems(document(), schema, &answer.json(), template);
        assert!(found.is_empty(), "{method} {path}: {found:#?}");
    }
}

/// The operation that a path belongs to; one without parameters counts before one with.
fn operation<'a>(method: &str, path: &str) -> Option<(&'a str, &'a Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (mut a, mut b) = (template.split('/'), path.split('/'));
        loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a == b || a.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    let found = paths.iter().filter(|(template, _)| fits(template));
    let (template, item) = found.min_by_key(|(template, _)| template.matches('{').count())?;
    let operation = item.get(method.to_ascii_lowercase())?;
    Some((template, operation))
}

/// Every operation: method, path, what is said of it.
fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(|(method, operation)| (method.to_ascii_uppercase(), path.clone(), operation))
    });
    all.collect()
}

/// A path with its parameters filled in from their examples.
fn filled(path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "path" {
            let example = parameter["example"]
                .as_str()
                .unwrap_or_else(|| panic!("{parameter} has no example"));
            path = path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), example);
        }
    }
    path
}

#[test]
fn every_described_operation_is_there_and_needs_a_token() {
    let port = Port::open();
    let all = operations();
    assert!(all.len() >= 45, "{}", all.len());
    for (method, path, operation) in &all {
        let path = filled(path, operation);
        let answer = port.send(method, &path, &[], "");
        let open = path.ends_with("/openapi.json");
        assert_eq!(answer.status, if open { 200 } else { 401 }, "{method} {path}");
    }
}

#[test]
fn every_route_is_described() {
    // Routes of the API can only be made together with their description: no noun reaches for the bare router.
    let sources = crate::tidy::rust_files("src/http");
    for source in &sources {
        let bare = source.text.matches(".route(\"/api/v1").count() + source.text.matches("\"/api/v1\"").count();
        assert!(bare == usize::from(source.path == "src/http/mod.rs"), "{}", source.path);
    }
    // And each handler with a description has found its way into it.
    let described: usize = sources
        .iter()
        .map(|source| source.text.matches("#[utoipa::path(").count())
        .sum();
    assert_eq!(described, operations().len());
}

#[test]
fn every_operation_says_who_may_what_it_does_and_how_it_fails() {
    let mut names = BTreeSet::new();
    let tags: Vec<&Value> = document()["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    for (method, path, operation) in operations() {
        let which = format!("{method} {path}");
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} twice");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(
            summary.chars().any(|c| c > '\u{2E7F}') && summary.contains('·'),
            "{which}: {summary}"
        );
        assert!(
            operation["tags"]
                .as_array()
                .unwrap()
                .iter()
                .all(|tag| tags.contains(&tag)),
            "{which}"
        );
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{which}: {}", parameter["name"]);
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let told = resolved(document(), response)["description"]
                .as_str()
                .unwrap_or_default();
            assert!(!told.is_empty(), "{which} {status}");
        }
        if path.ends_with("/openapi.json") {
            continue;
        }
        let role = operation["security"][0]["bearer"][0].as_str().unwrap_or_default();
        assert!(["agent", "supervisor", "admin"].contains(&role), "{which}: {role}");
        for status in ["401", "403", "429", "503"] {
            assert!(!operation["responses"][status].is_null(), "{which} {status}");
        }
    }
}

#[test]
fn every_field_is_explained_and_every_example_is_what_it_shows() {
    let schemas = document()["components"]["schemas"].as_object().unwrap();
    assert!(schemas.len() > 30);
    for (name, schema) in schemas {
        let parts = schema["allOf"].as_array();
        let parts: Vec<&Value> = parts.map_or_else(|| vec![schema], |all| all.iter().collect());
        for part in parts {
            for (field, told) in part["properties"].as_object().into_iter().flatten() {
                let plain =
                    told.get("$ref").is_some() || told["items"].get("$ref").is_some() || told.get("oneOf").is_some();
                assert!(
                    told["description"].is_string() || plain,
                    "{name}.{field} is not explained"
                );
            }
            let example = schema.get("example").or(part.get("example"));
            if let Some(example) = example {
                let found = problems(document(), schema, example, name);
                assert!(found.is_empty(), "{found:#?}");
            }
        }
    }
    for (method, path, operation) in operations() {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            let example = &resolved(document(), body)["example"];
            assert!(!example.is_null(), "{method} {path}: the body has no example");
        }
    }
}

#[test]
fn every_example_of_a_request_is_taken() {
    let port = Port::open();
    for (method, path, operation) in operations() {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if body.is_null() {
            continue;
        }
        let example = resolved(document(), body)["example"].to_string();
        let path = filled(&path, operation);
        let answer = port.with_body(&method, ADMIN, &path, &example);
        // What an example names may not be there in this town; that it is understood is the point.
        assert!(
            ![400, 413, 415, 422].contains(&answer.status),
            "{method} {path} {example}: {}",
            answer.text()
        );
    }
}
