//! An agent is hired on the command line while the server runs; his telephone registers; the server is killed; he is still
//! registered.

use std::time::Duration;

use crate::registrar::phone::{Phone, contacts};

use super::program::{Program, wait_until};

const PASSWORD: &str = "kV9-pq2!xTz7";

/// Hires an agent and waits until the running server knows him.
fn hire(program: &Program, agent: &str) {
    let arguments = [
        "agent",
        "add",
        agent,
        "--name",
        "李伟",
        "--queue",
        "general:2",
        "--password-stdin",
    ];
    let (said, good) = program.command(&arguments, PASSWORD);
    assert!(good && said.contains("李伟"), "{said}");
}

#[test]
fn a_telephone_is_registered_before_and_after_kill_9() {
    let mut program = Program::start(10);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    hire(&program, "8001");
    std::thread::sleep(Duration::from_millis(1_500)); // it looks each second
    let mut phone = runtime.block_on(Phone::over_udp(program.sip(), "8001", PASSWORD));
    assert_eq!(runtime.block_on(phone.register()).status, 200);
    program.kill_and_start(); // in the moment of the answer
    program.wait_ready();
    wait_until("registered", || program.metric("yihao_registrations") == 1.0);
    let (said, good) = program.command(&["agent", "show", "8001"], "");
    assert!(
        good && said.contains(&phone.address().to_string()) && said.contains("general:2"),
        "{said}"
    );
    let again = runtime.block_on(phone.register());
    assert_eq!((again.status, contacts(&again).len()), (200, 1));
    assert_eq!(program.metric("yihao_people_behind"), 0.0);
    program.stop();
}

#[test]
fn the_command_line_says_what_is_wrong_and_does_nothing_then() {
    let program = Program::start(10);
    let refused = |arguments: &[&str], input: &str, word: &str| {
        let (said, good) = program.command(arguments, input);
        assert!(!good && said.contains(word), "{arguments:?} said {said}");
    };
    let add = ["agent", "add", "8001", "--name", "a", "--password-stdin"];
    refused(&add, "1234", "10 至 128");
    refused(&add, "8001800180018001", "账号");
    refused(&["agent", "add", "80 01", "--name", "a"], "", "账号须为");
    refused(&["agent", "show", "8001"], "", "没有坐席");
    refused(&["agent", "remove", "8001"], "", "没有 8001");
    refused(
        &["token", "add", "--name", "x", "--role", "agent", "--agent", "8001"],
        "",
        "没有 8001",
    );
    hire(&program, "8001");
    refused(&add, PASSWORD, "已存在");
    let (said, good) = program.command(&["agent", "password", "8001"], "");
    assert!(good && said.contains("仅显示这一次"), "{said}");
    let (said, good) = program.command(&["agent", "set", "8001", "--disable", "--skill", "english:7"], "");
    assert!(good, "{said}");
    let (said, good) = program.command(&["agent", "list"], "");
    assert!(
        good && said.contains("停用") && said.contains("english:7") && said.contains("李伟"),
        "{said}"
    );
    let (said, good) = program.command(
        &["token", "add", "--name", "墙板", "--role", "agent", "--days", "30"],
        "",
    );
    let secret = said
        .split_whitespace()
        .find(|it| it.starts_with("yihao-"))
        .unwrap()
        .to_owned();
    assert!(good && secret.len() == 70);
    let (said, good) = program.command(&["token", "list"], "");
    assert!(good && said.contains("墙板") && !said.contains(&secret[6..]), "{said}");
    let (said, good) = program.command(&["agent", "remove", "8001"], "");
    assert!(good, "{said}");
}
