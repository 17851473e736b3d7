# baresip calls, records what it hears (sndfile), speaks a WAV (aufile). Read by scripts/field.sh.

# bare NAME SPEAKS COMMAND...: one session; a command is a line of baresip, a bare number is seconds to wait.
# What it heard is in $folder/baresip/NAME/dump-*-dec.wav.
bare() {
    local name=$1 speaks=$2 home=$folder/baresip/$1
    shift 2
    mkdir -p "$home"
    cat > "$home/config" <<CONFIG
sip_listen 127.0.0.3:7500
net_interface 127.0.0.3
rtp_ports 62300-62398
module_path $baresip_modules
module g711.so
module aufile.so
module sndfile.so
module stdio.so
module account.so
module menu.so
audio_source aufile,$speaks
snd_path $home
CONFIG
    echo '<sip:13800001234@127.0.0.3>;regint=0' > "$home/accounts"
    : > "$home/contacts"
    { sleep 1
      for command in "$@"; do
          # A key is one letter without a line end; a command ends with one.
          case $command in
              [0-9]*s) sleep "${command%s}" ;;
              /*) echo "$command" ;;
              *) printf %s "$command" ;;
          esac
      done
      sleep 0.5; echo /hangup; sleep 0.5; echo /quit; sleep 0.5
    } | timeout 60 baresip -f "$home" > "$home/log" 2>&1
    verdict "baresip $name: call made" "$(grep -q 'Call established' "$home/log"; echo $?)"
}

# bare_heard NAME HZ...: what the phone heard.
bare_heard() {
    local name=$1 report
    shift
    report=$(sound hear "$(ls "$folder/baresip/$name"/dump-*-dec.wav)" "$@")
    verdict "baresip $name: heard $*" $? "$report"
}

baresip_calls() {
    local here=sip:1000@127.0.0.1:$sip_port
    mkdir -p "$folder/baresip"
    baresip_modules=$(find /usr/lib /usr/local/lib -type d -path '*baresip/modules' 2>/dev/null | head -n 1)
    # baresip hangs up when its file ends, so the file is longer than the call.
    sound tone "$folder/baresip/tone.wav" 1000 30
    sox -n -r 8000 -c 1 -b 16 "$folder/baresip/late-tone.wav" synth 3 sine 1000 vol 0.3 pad 9 30

    bare udp "$folder/baresip/tone.wav" "/dial $here" 2s 1 2s
    bare_heard udp 440 880
    bare tcp "$folder/baresip/tone.wav" "/dial $here;transport=tcp" 2s 1 2s
    bare_heard tcp 440 880

    bare hold "$folder/baresip/tone.wav" "/dial $here" 1s /hold 2s /resume 2s 1 1.5s
    # After /resume, baresip 1.0.0 receives our packets in good order (strace) but hands them to no filter: no 880 Hz on record.
    bare_heard hold 440
    verdict "baresip hold: held, resumed, key understood" \
        "$([ "$(events 138****1234 held)" = 2 ] && [ "$(events 138****1234 keys=1)" -ge 1 ]; echo $?)"

    bare message "$folder/baresip/late-tone.wav" "/dial sip:12345@127.0.0.1:$sip_port" 1.5s 2 12s '#' 1.5s
    verdict "baresip message: 1 kHz on record" \
        "$(sound hear "$(newest_message)" 1000 > "$folder/baresip/message.json"; echo $?)" "$(cat "$folder/baresip/message.json")"
}
baresip_calls
