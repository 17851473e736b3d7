"""A phone that leaves a message: one call over UDP, a tone as RTP from the ACK on. Knows nothing of the server but SIP.

Written for the kill -9 bar and not part of the product, so that what it saw does not depend on the product's own code.
"""

import re
import secrets
import socket
import struct
import threading
import time

# 400 Hz at 8 kHz repeats every 20 samples: the same A-law bytes in each packet of 160.
TONE = bytes.fromhex("d586b7bcb8bab8bcb786d506373c383a383c3706") * 8


class Phone(threading.Thread):
    """Calls, speaks until told to stop, then is silent; never says BYE."""

    def __init__(self, server: tuple[str, int], number: str):
        super().__init__(daemon=True)
        self.server = server
        self.number = number
        self.call_id = f"message-{secrets.token_hex(8)}@127.0.0.1"
        self.answered = False
        self._stop_speaking = threading.Event()
        self._sip = self._socket()
        self._rtp = self._socket()

    @staticmethod
    def _socket() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        return made

    def hang_silent(self) -> None:
        """Ends the thread; the server is not told."""
        self._stop_speaking.set()
        self.join()

    def run(self) -> None:
        try:
            answer = self._invite()
            if answer:
                self.answered = True
                self._ack(answer)
                self._speak(answer)
        finally:
            self._sip.close()
            self._rtp.close()

    def _head(self, method: str, to_tag: str = "") -> str:
        here = "%s:%d" % self._sip.getsockname()
        uri = "sip:%s@%s:%d" % (self.number, *self.server)
        self._branch = getattr(self, "_branch", f"z9hG4bK{secrets.token_hex(8)}")
        return (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch={self._branch}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:13900005678@{here}>;tag=m\r\nTo: <{uri}>{to_tag}\r\nCall-ID: {self.call_id}\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:13900005678@{here}>\r\n"
        )

    def _invite(self) -> str | None:
        """The 200, or None if told to stop before it came. Sends again as RFC 3261 section 17.1.1.2 wants."""
        port = self._rtp.getsockname()[1]
        sdp = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
        message = self._head("INVITE") + f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}"
        wait, next_send = 0.5, 0.0
        self._sip.settimeout(0.05)
        while not self._stop_speaking.is_set():
            now = time.monotonic()
            if now >= next_send:
                self._sip.sendto(message.encode(), self.server)
                next_send, wait = now + wait, wait * 2
            try:
                text = self._sip.recv(65535).decode()
            except (TimeoutError, ConnectionError):
                continue
            if text.startswith("SIP/2.0 200 ") and "1 INVITE" in text:
                return text
        return None

    def _ack(self, answer: str) -> None:
        tag = re.search(r"(?im)^To:.*?(;tag=[^\s;]+)", answer)[1]
        self._branch = f"z9hG4bK{secrets.token_hex(8)}"
        self._sip.sendto((self._head("ACK", tag) + "Content-Length: 0\r\n\r\n").encode(), self.server)

    def _speak(self, answer: str) -> None:
        port = int(re.search(r"(?m)^m=audio (\d+)", answer)[1])
        due = time.monotonic()
        sequence = 0
        while not self._stop_speaking.wait(max(0.0, due - time.monotonic())):
            header = struct.pack("!BBHII", 0x80, 8, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, 0x12345678)
            self._rtp.sendto(header + TONE, ("127.0.0.1", port))
            sequence += 1
            due += 0.02
