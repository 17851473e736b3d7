# yihao: every command a person needs. Nothing here is needed by cargo itself.
#
#   make demo          install what is missing, build, start the server with the demo city, place calls, stay up
#   make demo ONCE=1   the same, but end with 0 (all calls went well) or 1
#   make test          the gate: format, lints, tests, documentation
#   make check         the quick part of the gate: format and lints
#   make bench         figures with the ccload meter (see docs/tuning.md)
#   make kill9         200 kills under load, then the ledger against the callers' lists (needs SIPp); KILLS=20 for fewer
#   make simulate      1,000 days of 20,000 calls and 120 agents in virtual time (nightly); SEEDS=50 for fewer
#   make faults        database locked, disk full, under load (needs SIPp, and root for a small disk)
#   make field         calls of real phones: SIPp, baresip, linphone (see docs/phones.md)
#   make fuzz          every fuzz target, RUNS=10000000 executions each
#   make setup         only install what is missing; says what
#   make setup-phones  stock SIP phones for trying it as a citizen would: SIPp, baresip, linphone
#   make deny          licences, advisories and sources of all dependencies (needs cargo-deny)

SHELL := /bin/sh
HOME ?= /tmp
# Outside the clone, so that a fresh clone builds only what changed.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/yihao/target
export PATH := $(PATH):$(HOME)/.cargo/bin

# Profile of the demo: dev shares its dependencies with the tests; PROFILE=release is what a city runs.
PROFILE ?= dev
RUNS ?= 10000000
KILLS ?= 200
SEEDS ?= 1000
ONCE ?=
ARGS ?=

.PHONY: help demo test check fmt lint unit doc bench simulate kill9 faults field fuzz setup setup-test setup-phones deny

help:
	@sed -n 's/^#   //p' Makefile

demo: setup
	cargo build --locked --profile $(PROFILE) --bin yihao
	"$(CARGO_TARGET_DIR)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/yihao" demo $(if $(ONCE),--once) $(ARGS)

test: setup-test fmt lint unit doc

check: setup-test fmt lint

fmt:
	cargo fmt --check

lint:
	cargo clippy --locked --all-targets -- -D warnings

unit:
	cargo nextest run --locked

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

field: setup setup-phones
	cargo build --locked --profile $(PROFILE) --bin yihao
	scripts/field.sh "$(CARGO_TARGET_DIR)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/yihao"

bench: setup
	cargo build --locked --release --bin yihao
	scripts/bench.sh "$(CARGO_TARGET_DIR)/release/yihao"

simulate: setup
	cargo build --locked --release --bin yihao
	"$(CARGO_TARGET_DIR)/release/yihao" simulate --calls 20000 --agents 120 --seeds $(SEEDS) $(ARGS)

kill9: setup setup-phones
	cargo build --locked --release --bin yihao
	benches/kill9/kill9.py "$(CARGO_TARGET_DIR)/release/yihao" --kills $(KILLS) $(ARGS)

faults: setup setup-phones
	cargo build --locked --release --bin yihao
	benches/kill9/faults.py "$(CARGO_TARGET_DIR)/release/yihao" $(ARGS)

fuzz: setup
	scripts/fuzz.sh $(RUNS)

setup:
	@scripts/setup.sh build

setup-test:
	@scripts/setup.sh build test

setup-phones:
	@scripts/setup.sh build phones

deny:
	cargo deny check
