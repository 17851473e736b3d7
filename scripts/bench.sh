#!/bin/bash
# Figures of one machine: scripts/bench.sh PATH_OF_YIHAO [ccload mode and its options]
#
# Starts a fresh server on the loopback for each step, with the plan of dialplans/examples/, and lets the ccload
# meter call it. CCLOAD names the meter's program. Figures of different machines, or of a busy one, cannot be compared.
set -euo pipefail
cd "$(dirname "$0")/.."
yihao=$1
shift
ccload=${CCLOAD:-ccload}
command -v "$ccload" >/dev/null || { echo "bench: set CCLOAD to the meter's program" >&2; exit 1; }

folder=$(mktemp -d)
server=
stop() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; server=; fi
}
trap 'stop; rm -rf "$folder"' EXIT

start() {
    rm -rf "$folder/data"
    cat > "$folder/yihao.toml" <<TOML
data_dir = "$folder/data"
[sip]
listen_udp = ["127.0.0.1:25060"]
listen_tcp = []
max_calls = 20000
max_calls_per_source = 20000
max_transactions = 200000
[media]
rtp_port_min = 20000
rtp_port_max = 59999
[dialplan]
dir = "dialplans/examples"
[http]
listen = ["127.0.0.1:28480"]
[drain]
timeout_s = 1
[log]
level = "warn"
TOML
    "$yihao" serve --config "$folder/yihao.toml" &
    server=$!
    for _ in $(seq 100); do
        if { exec 3<>/dev/tcp/127.0.0.1/28480; } 2>/dev/null; then
            printf 'GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n' >&3
            if head -n 1 <&3 | grep -q ' 200 '; then exec 3>&-; return; fi
            exec 3>&-
        fi
        kill -0 "$server" 2>/dev/null || { echo "bench: the server has ended" >&2; exit 1; }
        sleep 0.1
    done
    echo "bench: the server is not ready after 10 s" >&2
    exit 1
}

step() {
    start
    "$ccload" "$1" --server 127.0.0.1:25060 --pid "$server" "${@:2}"
    stop
}

if [ $# -gt 0 ]; then
    step "$@"
else
    step ivr --to 1000 --rate 20 --calls 400
    step park --to 3000 --calls 1000 --rate 50 --hold 10
fi
