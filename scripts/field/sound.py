#!/usr/bin/env python3
"""Makes and measures sound for the field test. Only the standard library.

  sound.py tone FILE HZ SECONDS       writes a tone as WAV, 8 kHz, 16 bit
  sound.py alaw FILE HZ SECONDS       the same as bare A-law octets, for SIPp's rtp_stream
  sound.py key FILE DIGIT             writes RFC 4733 packets of one key as a capture, for SIPp's play_pcap_audio
  sound.py hear FILE.wav HZ...        measures a recording
  sound.py listen IP PORT SECONDS HZ...   receives RTP (A-law) on a port and measures it

Measuring prints one JSON line: length, level, and for each HZ the seconds in which that tone alone carried the sound, with
the mean share of the power that was in it. Exits 1 unless every HZ was heard for half a second, in the order given.
"""
import json, math, socket, struct, sys, time, wave

RATE, BLOCK = 8000, 800


def alaw_to_linear(octet):
    octet ^= 0x55
    value, segment = (octet & 0x0F) << 4, (octet & 0x70) >> 4
    value = value + 8 if segment == 0 else (value + 0x108) << (segment - 1)
    return (value if octet & 0x80 else -value) / 32768


def ulaw_to_linear(octet):
    octet = ~octet & 0xFF
    value = (((octet & 0x0F) << 3) + 0x84) << ((octet & 0x70) >> 4)
    return (0x84 - value if octet & 0x80 else value - 0x84) / 32768


def linear_to_alaw(sample):
    """The A-law octet whose value is nearest."""
    return min(range(256), key=lambda octet: abs(alaw_to_linear(octet) - sample))


def sine(hz, seconds):
    return [0.3 * math.sin(2 * math.pi * hz * n / RATE) for n in range(int(RATE * seconds))]


def read_wav(path):
    """Samples of a WAV (16 bit, A-law or mu-law; first channel), at its own rate."""
    data = open(path, "rb").read()
    at, form, body = 12, None, b""
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"fmt ":
            form = struct.unpack_from("<HHIIHH", data, at + 8)
        if name == b"data":
            body = data[at + 8:at + 8 + size] if 0 < size < 0xFFFFFF00 else data[at + 8:]
            break
        at += 8 + size + size % 2
    code, channels, rate = form[0], form[1], form[2]
    if code == 6:
        samples = [alaw_to_linear(o) for o in body]
    elif code == 7:
        samples = [ulaw_to_linear(o) for o in body]
    else:
        samples = [v / 32768 for (v,) in struct.iter_unpack("<h", body[:len(body) // 2 * 2])]
    return samples[::channels], rate


def receive(ip, port, seconds):
    """Sound of the RTP packets that reach a port, in the order of arrival."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    ear = socket.socket(family, socket.SOCK_DGRAM)
    ear.bind((ip, port))
    ear.settimeout(0.2)
    samples, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            packet = ear.recv(2048)
        except TimeoutError:
            continue
        if len(packet) > 12 and packet[1] & 0x7F == 8:
            samples += [alaw_to_linear(o) for o in packet[12:]]
    return samples, RATE


def share(block, hz, rate):
    """Part of the block's power that is in one tone (Goertzel)."""
    coefficient = 2 * math.cos(2 * math.pi * hz / rate)
    one = two = 0.0
    for sample in block:
        one, two = sample + coefficient * one - two, one
    power = one * one + two * two - coefficient * one * two
    total = sum(s * s for s in block)
    return 2 * power / len(block) / total if total else 0.0


def measure(samples, rate, tones):
    """The report, and whether every tone was there for half a second, one after the other."""
    size = BLOCK * rate // RATE
    blocks = [samples[n:n + size] for n in range(0, len(samples) - size + 1, size)]
    heard = {hz: [] for hz in tones}
    first = {}
    loudest = 0.0
    for place, block in enumerate(blocks):
        level = math.sqrt(sum(s * s for s in block) / size)
        loudest = max(loudest, level)
        for hz in tones:
            part = share(block, hz, rate) if level > 0.005 else 0.0
            if part > 0.8:
                heard[hz].append(part)
                first.setdefault(hz, place)
    report = {"seconds": round(len(samples) / rate, 2), "level_dbfs": round(20 * math.log10(max(loudest, 1e-6)), 1)}
    for hz, parts in heard.items():
        report[f"{hz} Hz"] = {"seconds": len(parts) / 10, "share": round(sum(parts) / len(parts), 3) if parts else 0}
    order = [first.get(hz, 1 << 30) for hz in tones]
    good = order == sorted(order) and all(len(p) >= 5 for p in heard.values())
    return report, good


def key_capture(path, digit):
    """A key of 160 ms: five updates, then the end three times (RFC 4733 section 2.5)."""
    event = "0123456789*#ABCD".index(digit)
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for n in range(8):
            rtp = struct.pack("!BBHII", 0x80, 101 | (0x80 if n == 0 else 0), 100 + n, 16000, 0x1234)
            rtp += struct.pack("!BBH", event, 10 | (0x80 if n >= 5 else 0), min(160 * (n + 1), 960))
            udp = struct.pack("!HHHH", 7000, 7000, 8 + len(rtp), 0) + rtp
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1")
            frame = b"\0" * 12 + b"\x08\0" + ip + udp
            out.write(struct.pack("<IIII", 1, 20000 * n, len(frame), len(frame)) + frame)


def main(what, *rest):
    if what == "tone":
        with wave.open(rest[0], "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
            out.writeframes(b"".join(struct.pack("<h", round(s * 32767)) for s in sine(float(rest[1]), float(rest[2]))))
    elif what == "alaw":
        octets = {}
        samples = [round(s, 3) for s in sine(float(rest[1]), float(rest[2]))]
        with open(rest[0], "wb") as out:
            out.write(bytes(octets.setdefault(s, linear_to_alaw(s)) for s in samples))
    elif what == "key":
        key_capture(rest[0], rest[1])
    elif what in ("hear", "listen"):
        sound = read_wav(rest[0]) if what == "hear" else receive(rest[0], int(rest[1]), float(rest[2]))
        report, good = measure(*sound, [int(hz) for hz in rest[1 if what == "hear" else 3:]])
        print(json.dumps(report))
        return 0 if good else 1
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [""])))
