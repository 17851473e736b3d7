"""Just enough SIP over UDP for telephones of plain text (RFC 3261, digest of RFC 2617). Knows no product and no calls.

Written for the kill -9 bar and not part of the product, so that what a telephone saw does not depend on the product's own code.
"""

import hashlib
import re
import secrets
import socket
import time

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 8\r\n"


class Message:
    """One request or answer."""

    def __init__(self, text: str):
        head, _, self.body = text.partition("\r\n\r\n")
        self.start, *lines = head.split("\r\n")
        self.headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        self.method = self.start.split(" ")[0]
        self.status = int(self.start.split(" ")[1]) if self.method.startswith("SIP/2.0") else 0

    def get(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name), "")

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        number, method = self.get("cseq").split(" ", 1)
        return int(number), method.strip()


def tag(value: str) -> str:
    """`;tag=…` of a From or To, or nothing."""
    found = re.search(r";tag=[^\s;]+", value)
    return found[0] if found else ""


def uri(value: str) -> str:
    """The URI of a name-addr."""
    found = re.search(r"<([^>]+)>", value)
    return found[1] if found else value.split(";")[0]


def digest(challenge: str, user: str, password: str, method: str, target: str) -> str:
    """The Authorization for a challenge, MD5 or SHA-256, with qop=auth if it is offered."""
    of = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.split(" ", 1)[1]))
    algorithm = of.get("algorithm", "MD5")
    name = "sha256" if algorithm.upper().startswith("SHA-256") else "md5"
    hashed = lambda text: hashlib.new(name, text.encode()).hexdigest()  # noqa: E731
    secret, what = hashed(f"{user}:{of['realm']}:{password}"), hashed(f"{method}:{target}")
    cnonce, middle, more = secrets.token_hex(8), "", ""
    if "auth" in of.get("qop", ""):
        middle = f"00000001:{cnonce}:auth:"
        more = f', qop=auth, nc=00000001, cnonce="{cnonce}"'
    response = hashed(f"{secret}:{of['nonce']}:{middle}{what}")
    opaque = f', opaque="{of["opaque"]}"' if "opaque" in of else ""
    return (
        f'Digest username="{user}", realm="{of["realm"]}", nonce="{of["nonce"]}", uri="{target}", response="{response}", '
        f"algorithm={algorithm}{more}{opaque}"
    )


class Line:
    """A telephone's socket: requests that are sent until they are answered, and answers."""

    def __init__(self, server: tuple[str, int], user: str):
        self.server, self.user = server, user
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.02)
        self.here = "%s:%d" % self.socket.getsockname()
        self.contact = f"<sip:{user}@{self.here}>"
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.bind(("127.0.0.1", 0))
        self.pending: dict[str, list] = {}  # branch → [text, next, pause]

    def close(self) -> None:
        self.socket.close()
        self.media.close()

    def sdp(self) -> str:
        return SDP.format(self.media.getsockname()[1])

    def request(self, method: str, target: str, head: str, body: str = "", until_answered: bool = True) -> str:
        """Sends a request; `head` holds From, To, Call-ID, CSeq and what else it needs. Gives its branch."""
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {self.here};branch={branch}\r\nMax-Forwards: 70\r\n"
            f"{head}Contact: {self.contact}\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self.send(text)
        if until_answered:
            self.pending[branch] = [text, time.monotonic() + 0.5, 0.5]
        return branch

    def reply(self, request: Message, status: str, to_tag: str = "", body: str = "") -> str:
        """Answers a request; gives the text, to be sent again if need be."""
        to = request.get("to") + ("" if tag(request.get("to")) else to_tag)
        vias = "".join(f"Via: {via}\r\n" for via in request.all("via"))
        routes = "".join(f"Record-Route: {route}\r\n" for route in request.all("record-route"))
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"SIP/2.0 {status}\r\n{vias}{routes}From: {request.get('from')}\r\nTo: {to}\r\nCall-ID: {request.call_id}\r\n"
            f"CSeq: {request.get('cseq')}\r\nContact: {self.contact}\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self.send(text)
        return text

    def send(self, text: str) -> None:
        self.socket.sendto(text.encode(), self.server)

    def receive(self) -> Message | None:
        """The next message, if one comes soon; sends again what is not answered. An answer ends its request's repetition,
        a 1xx only that of INVITE (RFC 3261 section 17.1)."""
        now = time.monotonic()
        for entry in self.pending.values():
            if now >= entry[1]:
                self.send(entry[0])
                entry[2] = min(entry[2] * 2, 4.0)
                entry[1] = now + entry[2]
        try:
            message = Message(self.socket.recv(65_535).decode())
        except (TimeoutError, ConnectionError):
            return None
        if message.status >= 200 or message.status and message.cseq[1] == "INVITE":
            branch = re.search(r"branch=([^;\s,]+)", message.get("via"))
            self.pending.pop(branch[1] if branch else "", None)
        return message
