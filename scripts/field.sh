#!/bin/bash
# Calls of real phones, as a person would try them: scripts/field.sh PATH_OF_YIHAO [sipp] [baresip] [linphone]
#
# Starts a server on the loopback with the real plans and the tones of dialplans/examples, lets each phone call it, and
# measures what was heard at both ends. Prints one line for each call; exits 1 if one went wrong. `make setup-phones` installs
# the phones. Everything stays in a temporary folder (KEEP=1 leaves it).
set -uo pipefail
cd "$(dirname "$0")/.."
repo=$PWD
yihao=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- sipp baresip linphone

sip_port=${SIP_PORT:-15060}
http_port=${HTTP_PORT:-15480}
carrier_port=${CARRIER_PORT:-15070}
folder=$(mktemp -d /tmp/yihao-field.XXXXXX)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; [ -n "${KEEP:-}" ] || rm -rf "$folder"' EXIT

sound() { python3 "$repo/scripts/field/sound.py" "$@"; }
calls() { "$yihao" calls --config "$folder/yihao.toml" "$@"; }

# verdict NAME STATUS [figures]
verdict() {
    local word=ok
    if [ "$2" != 0 ]; then word=FAILED; touch "$folder/failed"; fi
    printf '%-6s %-34s %s\n' "$word" "$1" "${3:-}"
}

# events FROM KIND: how many events of a kind the ledger has for the latest call from a number.
events() {
    local id
    id=$(calls list | awk -v from="$1" '$4 == from { print $1; exit }')
    [ -z "$id" ] || calls show "$id" | grep -c "$2"
}

# newest_message: the recording that was written last.
newest_message() { find "$folder/data/recordings" -name '*.wav' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2; }

start_server() {
    mkdir "$folder/plans"
    cp dialplans/*.toml dialplans/examples/bench.toml "$folder/plans/"
    cat > "$folder/yihao.toml" <<TOML
data_dir = "$folder/data"
[sip]
listen_udp = ["127.0.0.1:$sip_port", "[::1]:$sip_port"]
listen_tcp = ["127.0.0.1:$sip_port", "[::1]:$sip_port"]
max_calls_per_source = 2000
[media]
rtp_port_min = 40000
rtp_port_max = 44999
[dialplan]
dir = "$folder/plans"
[http]
listen = ["127.0.0.1:$http_port"]
[[trunk]]
name = "carrier"
peers = ["127.0.0.77/32"]
outbound_proxy = "sip:127.0.0.1:$carrier_port"
options_interval_s = 0
TOML
    "$yihao" serve --config "$folder/yihao.toml" > "$folder/server.log" 2>&1 &
    server=$!
    for _ in $(seq 50); do
        kill -0 "$server" 2>/dev/null || break
        curl -sf "http://127.0.0.1:$http_port/readyz" > /dev/null && return
        sleep 0.2
    done
    echo "field: the server does not start" >&2
    cat "$folder/server.log" >&2
    exit 1
}

start_server
for part in "$@"; do
    # shellcheck source=/dev/null
    . "scripts/field/$part.sh"
done
if grep -E ' (WARN|ERROR) ' "$folder/server.log"; then verdict "nothing in the log" 1; else verdict "nothing in the log" 0; fi
[ ! -e "$folder/failed" ]
