#!/usr/bin/env python3
"""Brings A-law WAV prompts to one loudness: -20 dB of full scale over the time in which somebody speaks, never clipping.

usage: level.py FILE.wav...      needs: sox. Equal peaks are not equal loudness: one syllable would shout among sentences.
"""
import array, math, os, subprocess, sys

TARGET_DB, PEAK_DB, FLOOR_DB, BLOCK = -20.0, -1.0, -45.0, 160


def decibels(power):
    return 10 * math.log10(max(power, 1e-12))


def gain_for(path):
    raw = subprocess.run(["sox", path, "-t", "raw", "-e", "signed", "-b", "16", "-"], check=True, capture_output=True).stdout
    samples = [s / 32768 for s in array.array("h", raw)]
    blocks = [samples[n:n + BLOCK] for n in range(0, len(samples), BLOCK)]
    powers = [sum(s * s for s in block) / len(block) for block in blocks]
    spoken = [p for p in powers if decibels(p) > FLOOR_DB]
    if not spoken:
        sys.exit(f"{path}: silence")
    peak = max(abs(s) for s in samples)
    return min(TARGET_DB - decibels(sum(spoken) / len(spoken)), PEAK_DB - 20 * math.log10(peak))


for path in sys.argv[1:]:
    gain = gain_for(path)
    if abs(gain) > 0.3:
        other = f"{path}.new.wav"
        subprocess.run(["sox", path, "-e", "a-law", "-b", "8", other, "gain", f"{gain:.2f}"], check=True)
        os.replace(other, path)
