#!/usr/bin/env python3
"""Speaks English lines with Kokoro-82M into telephone WAV files (8 kHz, mono, A-law).

usage: speak_en.py KOKORO_DIR OUT_DIR [--voice af_heart] < lines.tsv      (each line: file-name <TAB> text)
needs: pip install onnxruntime numpy; espeak-ng (for the pronunciation alone); sox.
"""
import argparse, json, pathlib, re, subprocess, sys

import numpy as np
import onnxruntime as ort

# espeak's IPA in the notation that the model was trained on: one letter for each diphthong and affricate.
NOTATION = [
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("e^ɪ", "A"), ("ɔ^ɪ", "Y"), ("o^ʊ", "O"), ("ə^ʊ", "O"), ("d^ʒ", "ʤ"), ("t^ʃ", "ʧ"),
    ("ə^l", "ᵊl"), ("ɚ", "əɹ"), ("r", "ɹ"), ("ɐ", "ə"), ("ɜː", "ɜɹ"), ("ɜɹɹ", "ɜɹ"), ("ɪ^ə", "iə"), ("ː", ""), ("^", ""),
]


def phonemes(text):
    """IPA clause by clause, with the punctuation kept: it carries the pauses."""
    out = []
    for part in re.findall(r"[^,.;:!?]+[,.;:!?]*", text):
        words = part.rstrip(",.;:!? ")
        ipa = subprocess.run(["espeak-ng", "-q", "-v", "en-us", "--ipa", "--tie=^", words], check=True,
                             capture_output=True, text=True).stdout
        out.append(" ".join(ipa.split()) + part[len(words):].strip())
    joined = " ".join(out)
    for old, new in NOTATION:
        joined = joined.replace(old, new)
    return joined


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("kokoro")
    ap.add_argument("out")
    ap.add_argument("--voice", default="af_heart")
    a = ap.parse_args()
    kokoro, out = pathlib.Path(a.kokoro), pathlib.Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    vocab = json.loads((kokoro / "vocab.json").read_text())["vocab"]
    style = np.fromfile(kokoro / "voices" / f"{a.voice}.bin", dtype=np.float32).reshape(-1, 1, 256)
    session = ort.InferenceSession(str(kokoro / "model.onnx"), providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    speed = np.int32 if "int" in inputs[2].type else np.float32
    for line in sys.stdin:
        if "\t" not in line:
            continue
        name, text = line.rstrip("\n").split("\t", 1)
        ids = [vocab[c] for c in phonemes(text) if c in vocab]
        feed = {
            inputs[0].name: np.array([[0] + ids + [0]], np.int64),
            inputs[1].name: style[len(ids)].reshape(1, 256),
            inputs[2].name: np.array([1], speed),
        }
        audio = np.asarray(session.run(None, feed)[0]).ravel()
        target = out / f"{name}.wav"
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["sox", "-t", "raw", "-r", "24000", "-e", "float", "-b", "32", "-c", "1", "-", "-r", "8000",
                        "-e", "a-law", "-b", "8", str(target), "highpass", "120", "norm", "-3"],
                       input=audio.astype("<f4").tobytes(), check=True)
        print(name, f"{len(audio) / 24000:.2f} s", file=sys.stderr)


main()
