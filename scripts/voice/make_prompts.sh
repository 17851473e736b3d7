#!/usr/bin/env bash
# Speaks prompts/{zh,en}/lines.tsv into prompts/{zh,en}/<id>.wav: A-law, 8 kHz, silence trimmed, equal loudness.
# Usage: make_prompts.sh SPEAK_ZH KOKORO_DIR [zh|en …]
#   SPEAK_ZH    the Mandarin speaker (speak_zh.py)
#   KOKORO_DIR  the model: model.onnx, vocab.json, voices/
# Only lines whose words have changed since their WAV was made are spoken again (prompts/<language>/made.tsv).
set -euo pipefail
cd "$(dirname "$0")/../.."
speak_zh=$1; kokoro=$2; shift 2
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
for language in "${@:-zh en}"; do for language in $language; do
  dir=prompts/$language; made=$dir/made.tsv; touch "$made"
  # An id has slashes; the speakers take plain names. A piece without a full stop is spoken as if torn out of a sentence:
  # clicks before it, its end cut off.
  case $language in zh) stop=。 ;; *) stop= ;; esac
  grep -v '^#' "$dir/lines.tsv" | grep -vxFf "$made" | sed 's,/,~,g;s/~/__/g' | sed "s/[^。？！，]\$/&$stop/" > "$work/todo.tsv" || true
  [ -s "$work/todo.tsv" ] || { echo "$language: nothing to do"; continue; }
  mkdir -p "$work/$language"
  if [ "$language" = zh ]; then python3 "$speak_zh" "$kokoro" "$work/$language" < "$work/todo.tsv"
  else python3 scripts/voice/speak_en.py "$kokoro" "$work/$language" < "$work/todo.tsv"; fi
  for wav in "$work/$language"/*.wav; do
    id=$(basename "$wav" .wav | sed 's,__,/,g'); mkdir -p "$(dirname "$dir/$id")"
    # Pieces are played one after the other: no silence of their own, a short fade against clicks.
    sox "$wav" -e a-law -b 8 "$dir/$id.wav" silence 1 0.01 0.4% reverse silence 1 0.01 0.4% \
      fade t 0.01 reverse fade t 0.005 gain -n -3 pad 0.02 0.06
    python3 scripts/voice/level.py "$dir/$id.wav"
  done
  grep -v '^#' "$dir/lines.tsv" > "$made"
done; done
