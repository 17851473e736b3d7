//! We ask for something other than a call: RFC 3261 §17.1.2.

use super::*;

#[test]
fn nobody_answers_timers_e_and_f() {
    let mut bench = Bench::udp();
    bench.ask(outgoing(&Method::Options));
    bench.until(32_000);
    let expected = [
        0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ];
    assert_eq!(bench.times("OPTIONS"), expected);
    assert_eq!(bench.failures(), [Failure::Timeout]);
    bench.assert_empty();
}

#[test]
fn after_a_provisional_answer_it_is_repeated_each_t2() {
    let mut bench = Bench::udp();
    bench.ask(outgoing(&Method::Register));
    let asked = bench.last.clone();
    bench.until(600);
    bench.answer(&asked, 100, "");
    bench.until(32_000);
    let expected = [0, 500, 1_500, 5_500, 9_500, 13_500, 17_500, 21_500, 25_500, 29_500];
    assert_eq!(bench.times("REGISTER"), expected);
    assert_eq!(bench.answers(), [100]);
    assert_eq!(bench.failures(), [Failure::Timeout]);
    bench.assert_empty();
}

#[test]
fn a_final_answer_ends_it_and_its_copies_are_absorbed_timer_k() {
    let mut bench = Bench::udp();
    bench.ask(outgoing(&Method::Bye));
    let asked = bench.last.clone();
    bench.until(600);
    bench.answer(&asked, 200, "b1");
    bench.answer(&asked, 200, "b1");
    bench.until(5_599);
    assert_eq!(bench.layer.len(), 1);
    bench.until(5_600);
    bench.assert_empty();
    assert_eq!(bench.times("BYE"), [0, 500]);
    assert_eq!(bench.answers(), [200]);
}

#[test]
fn on_tcp_it_ends_with_the_answer() {
    let mut bench = Bench::tcp();
    bench.ask(outgoing(&Method::Bye));
    let asked = bench.last.clone();
    bench.until(10_000);
    assert_eq!(bench.times("BYE"), [0]);
    bench.answer(&asked, 481, "b1");
    assert_eq!(bench.answers(), [481]);
    bench.assert_empty();
}

#[test]
fn a_broken_flow_fails_it() {
    let mut bench = Bench::tcp();
    bench.ask(outgoing(&Method::Bye));
    let flow = bench.flow;
    bench.layer.flow_failed(&flow, bench.now);
    bench.drain();
    assert_eq!(bench.failures(), [Failure::Transport]);
    bench.assert_empty();
}
