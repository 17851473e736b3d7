# linphonec calls, with files for microphone and loudspeaker. Read by scripts/field.sh.

# lin NAME SPEAKS COMMAND...: one session; a command is a line of linphonec, "2s" waits.
# What it heard is in $folder/linphone/NAME/heard.wav.
lin() {
    local name=$1 speaks=$2 home=$folder/linphone/$1
    shift 2
    # Without this folder linphone has no database and takes no calls.
    mkdir -p "$home/.local/share/linphone"
    cat > "$home/rc" <<CONFIG
[sip]
sip_port=7600
sip_tcp_port=7600
contact=sip:13800001234@127.0.0.1
[rtp]
audio_rtp_port=62400
[sound]
echocancellation=0
[video]
enabled=0
capture=0
display=0
CONFIG
    { sleep 2
      printf '%s\n' "soundcard use files" "record $home/heard.wav" "play $speaks"
      for command in "$@"; do
          case $command in
              [0-9]*s) sleep "${command%s}" ;;
              *) echo "$command" ;;
          esac
      done
      sleep 0.5; echo terminate; sleep 1; echo quit; sleep 1
    } | HOME=$home timeout 60 linphonec -c "$home/rc" -d 5 -l "$home/log" > "$home/out" 2>&1
    verdict "linphone $name: call made" "$(grep -q 'Call 1 .*ended\|Call answered' "$home/out"; echo $?)"
}

# lin_heard NAME HZ...: what the phone heard.
lin_heard() {
    local name=$1 report
    shift
    report=$(sound hear "$folder/linphone/$name/heard.wav" "$@")
    verdict "linphone $name: heard $*" $? "$report"
}

linphone_calls() {
    local here=sip:1000@127.0.0.1:$sip_port
    mkdir -p "$folder/linphone"
    sound tone "$folder/linphone/tone.wav" 1000 30
    sox -n -r 8000 -c 1 -b 16 "$folder/linphone/late-tone.wav" synth 3 sine 1000 vol 0.3 pad 9 30

    lin udp "$folder/linphone/tone.wav" "call $here" 2s 1 2s
    lin_heard udp 440 880
    lin tcp "$folder/linphone/tone.wav" "call $here;transport=tcp" 2s 1 2s
    lin_heard tcp 440 880

    lin hold "$folder/linphone/tone.wav" "call $here" 1s pause 2s "resume 1" 2s 1 2s
    lin_heard hold 440 880
    verdict "linphone hold: held and resumed" "$([ "$(events 138****1234 held)" = 2 ]; echo $?)"

    lin message "$folder/linphone/late-tone.wav" "call sip:12345@127.0.0.1:$sip_port" 1.5s 2 12s '#' 1.5s
    verdict "linphone message: 1 kHz on record" \
        "$(sound hear "$(newest_message)" 1000 > "$folder/linphone/message.json"; echo $?)" "$(cat "$folder/linphone/message.json")"
}
linphone_calls
