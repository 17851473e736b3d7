# Stock SIPp plays tests/sipp/*.xml. Read by scripts/field.sh.

# play NAME SCENARIO TARGET NUMBER [SIPp options]: one scenario, once unless -m says otherwise.
play() {
    local name=$1 scenario=$2 target=$3 number=$4
    shift 4
    (cd "$folder/sipp" && timeout 150 sipp "$target" -sf "$scenario.xml" -s "$number" -m 1 -nostdin -timeout 120 \
        -timeout_error -trace_err -error_file "$name.errors" "$@" > "$name.log" 2>&1)
    local status=$?
    verdict "sipp $name" "$status" "$(tail -n 1 "$folder/sipp/$name.errors" 2>/dev/null)"
    return "$status"
}

sipp_calls() {
    local v4=127.0.0.1:$sip_port v6="[::1]:$sip_port" caller="-i 127.0.0.2 -mi 127.0.0.2"
    mkdir -p "$folder/sipp"
    cp tests/sipp/*.xml "$folder/sipp/"
    sound key "$folder/sipp/key1.pcap" 1
    sound alaw "$folder/sipp/message.alaw" 1000 3

    # Those that take their time run beside the others.
    # shellcheck disable=SC2086 # words are wanted
    { play timer_server timer_server "$v4" 3000 $caller -p 7301 -mp 62100 &
      play timer_expired timer_expired "$v4" 3000 $caller -p 7302 -mp 62110 &

      play udp keys "$v4" 1000 $caller -p 7300 -mp 62000
      play tcp keys "$v4" 1000 $caller -p 7300 -mp 62000 -t t1
      play udp6 keys "$v6" 1000 -i ::1 -mi ::1 -p 7300 -mp 62000
      play tcp6 keys "$v6" 1000 -i ::1 -mi ::1 -p 7300 -mp 62000 -t t1
      for scenario in options cancel hold late_offer update prack timer_caller; do
          play "$scenario" "$scenario" "$v4" 1000 $caller -p 7300 -mp 62000
      done
      play cancel_tcp cancel "$v4" 1000 $caller -p 7300 -mp 62000 -t t1

      sound listen 127.0.0.2 62050 6 440 880 > "$folder/sipp/heard.json" & local ear=$!
      play info info "$v4" 1000 $caller -p 7300 -mp 62000 -key ear_port 62050
      wait "$ear"; verdict "sipp info: 440 Hz, then 880 Hz" $? "$(cat "$folder/sipp/heard.json")"

      play message message "$v4" 12345 $caller -p 7300 -mp 62000
      verdict "sipp message: 1 kHz on record" "$(sound hear "$(newest_message)" 1000 > "$folder/sipp/message.json"; echo $?)" \
          "$(cat "$folder/sipp/message.json")"

      play callee callee 127.0.0.1 110 -i 127.0.0.1 -mi 127.0.0.1 -p "$carrier_port" -mp 62200 & local callee=$!
      play emergency emergency "$v4" 12345 $caller -p 7300 -mp 62000
      wait "$callee"
      play callee_cancelled callee_cancelled 127.0.0.1 110 -i 127.0.0.1 -mi 127.0.0.1 -p "$carrier_port" -mp 62200 & callee=$!
      play emergency_gives_up emergency_gives_up "$v4" 12345 $caller -p 7300 -mp 62000
      wait "$callee"
    }
    jobs -p | grep -vx "$server" | while read -r job; do tail --pid="$job" -f /dev/null; done
}
sipp_calls
