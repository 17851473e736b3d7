#!/bin/sh
# Runs every fuzz target, or the ones named behind the number: scripts/fuzz.sh RUNS [TARGET...]
#
# Stable Rust: cargo-fuzz needs two unstable compiler flags and nothing else. The house has no unsafe code in what is
# fuzzed, so the address sanitizer is left out by default; FUZZ_SANITIZER=address puts it in. FUZZ_FLAGS goes to cargo-fuzz:
# --no-trace-compares makes long runs two to five times as fast, once a corpus is there.
set -eu
cd "$(dirname "$0")/.."
runs=$1
shift
export RUSTC_BOOTSTRAP=1

[ -d fuzz/fuzz_targets ] || { echo "fuzz: there are no targets below fuzz/" >&2; exit 1; }
if ! command -v cargo-fuzz >/dev/null 2>&1; then
    echo "fuzz: installing with cargo: cargo-fuzz"
    env -u CARGO_TARGET_DIR -u RUSTC_BOOTSTRAP cargo install --locked cargo-fuzz
fi
if [ $# = 0 ]; then
    for file in fuzz/fuzz_targets/*.rs; do
        set -- "$@" "$(basename "$file" .rs)"
    done
fi
for target in "$@"; do
    echo "fuzz: $target, $runs executions"
    corpus="fuzz/corpus/$target"
    mkdir -p "$corpus"
    # New inputs go to the first folder, the seeds that are kept in the repository are read from the second.
    if [ -d "fuzz/seeds/$target" ]; then seeds="fuzz/seeds/$target"; else seeds=; fi
    if [ -f "fuzz/dictionaries/$target.dict" ]; then words="-dict=fuzz/dictionaries/$target.dict"; else words=; fi
    # shellcheck disable=SC2086 # no seeds, no word
    cargo fuzz run --sanitizer "${FUZZ_SANITIZER:-none}" ${FUZZ_FLAGS:-} "$target" "$corpus" $seeds -- \
        -runs="$runs" -max_len="${FUZZ_MAX_LEN:-4096}" $words -print_final_stats=1
done
