#!/bin/sh
# Installs what is missing, and says what. Quick and silent about the rest when nothing is.
#
#   scripts/setup.sh build [test] [phones]
#
# Downloads only through apt and cargo. Rust itself is not installed: https://rustup.rs tells how.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# apt_install PACKAGE... : as root, or with sudo.
apt_install() {
    has apt-get || fail "these packages are missing and there is no apt-get: $*"
    if [ "$(id -u)" = 0 ]; then sudo=
    elif has sudo; then sudo=sudo
    else fail "please install as root: apt-get install $*"
    fi
    say "installing with apt: $*"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# at_least HAVE WANT: compares versions such as 1.95.0.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

build() {
    has cargo || fail "Rust is missing; see https://rustup.rs"
    want=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    have=$(rustc --version | cut -d ' ' -f 2)
    at_least "$have" "$want" || fail "Rust $want or newer is needed, this is $have; try: rustup update"
    # SQLite is compiled from its own source, and the linker comes with the compiler.
    has cc || apt_install gcc libc6-dev
}

tests() {
    cargo fmt --version >/dev/null 2>&1 || fail "rustfmt is missing; try: rustup component add rustfmt"
    cargo clippy --version >/dev/null 2>&1 || fail "clippy is missing; try: rustup component add clippy"
    if ! cargo nextest --version >/dev/null 2>&1; then
        say "installing with cargo: cargo-nextest (this takes some minutes, once)"
        env -u CARGO_TARGET_DIR cargo install --locked cargo-nextest --version 0.9.143
    fi
}

phones() {
    missing=
    has sipp || missing="$missing sip-tester"
    has baresip || missing="$missing baresip"
    has linphonecsh || missing="$missing linphone-cli"
    has sox || missing="$missing sox"
    # shellcheck disable=SC2086 # words are wanted
    [ -z "$missing" ] || apt_install $missing
}

for part in "$@"; do
    case $part in
        build) build ;;
        test) tests ;;
        phones) phones ;;
        *) fail "unknown part: $part" ;;
    esac
done
say "ready ($*)"
