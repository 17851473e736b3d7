"""Agents and citizens of the kill -9 bar, each with a telephone and habits of his own. They note what they saw and decide
nothing about what is right."""

import contextlib
import random
import secrets
import threading
import time
from dataclasses import dataclass, field

from sip import Line, Message, digest, tag, uri

REGISTER_EVERY_S = 20


@dataclass
class Talk:
    """One dialog as a telephone saw it."""

    call_id: str
    begun: float
    ended: float | None = None
    told: bool = False  # by a BYE that says that the line is gone
    by_us: bool = False


class Person(threading.Thread):
    """A telephone with a thread of its own."""

    def __init__(self, server: tuple[str, int], user: str, seed: int):
        super().__init__(daemon=True)
        self.chance = random.Random(seed)
        self.line = Line(server, user)
        self.target = "sip:%s:%d" % server
        self.talks: list[Talk] = []
        self.now_in: Talk | None = None
        self._stop = threading.Event()
        self.errors: list[str] = []

    def stop(self) -> None:
        self._stop.set()
        self.join(20)

    def run(self) -> None:
        try:
            while not self._stop.is_set():
                self.turn()
        except Exception as error:  # noqa: BLE001 - to be told in the end
            self.errors.append(f"{self.line.user}: {error!r}")
        finally:
            self.line.close()

    def turn(self) -> None:
        raise NotImplementedError

    def on_bye(self, message: Message) -> None:
        """Their BYE, in whatever dialog."""
        self.line.reply(message, "200 OK")
        talk = next((talk for talk in reversed(self.talks) if talk.call_id == message.call_id), None)
        if talk and talk.ended is None:
            talk.ended = time.time()
        if talk and "cause=41" in message.get("reason"):
            talk.told = True
        if self.now_in is talk:
            self.now_in = None


class Agent(Person):
    """Registers, answers most calls after a moment, refuses some, lets some ring, hangs up on half of them."""

    def __init__(self, server: tuple[str, int], user: str, password: str, seed: int):
        super().__init__(server, user, seed)
        self.password = password
        self.register_id = f"register-{secrets.token_hex(8)}@127.0.0.1"
        self.cseq = 0
        self.register_at = 0.0
        self.ringing: tuple[Message, float | None, str] | None = None
        self.answer: tuple[str, float, float] | None = None  # the 200, next, until: sent again until its ACK
        self.dialog: Message | None = None
        self.our_tag = ""
        self.hang_up_at: float | None = None
        self.bye_cseq = 0

    def turn(self) -> None:
        now = time.monotonic()
        if now >= self.register_at:
            self.register()
        if self.ringing and self.ringing[1] is not None and now >= self.ringing[1]:
            self.pick_up()
        if self.answer and now >= self.answer[1]:
            self.line.send(self.answer[0])
            self.answer = (self.answer[0], now + 0.5, self.answer[2]) if now < self.answer[2] else None
        if self.hang_up_at and now >= self.hang_up_at and self.now_in and self.dialog:
            self.hang_up()
        message = self.line.receive()
        if message:
            self.on(message)

    def register(self, challenge: str = "") -> None:
        self.cseq += 1
        self.register_at = time.monotonic() + REGISTER_EVERY_S
        me = f"<sip:{self.line.user}@{self.target.removeprefix('sip:')}>"
        head = f"From: {me};tag=r\r\nTo: {me}\r\nCall-ID: {self.register_id}\r\nCSeq: {self.cseq} REGISTER\r\nExpires: 600\r\n"
        if challenge:
            head += f"Authorization: {digest(challenge, self.line.user, self.password, 'REGISTER', self.target)}\r\n"
        # An older one that is still being sent would only confuse.
        self.line.pending = {k: v for k, v in self.line.pending.items() if not v[0].startswith("REGISTER")}
        self.line.request("REGISTER", self.target, head)

    def on(self, message: Message) -> None:
        if message.status:
            if message.cseq[1] == "REGISTER" and message.status in (401, 407) and message.cseq[0] == self.cseq:
                self.register(message.get("www-authenticate") or message.get("proxy-authenticate"))
            if message.cseq[1] == "BYE" and message.status >= 200:
                self.now_in = None
            return
        if message.method == "INVITE" and not tag(message.get("to")):
            self.on_invite(message)
        elif message.method == "INVITE":
            self.line.reply(message, "200 OK", body=self.line.sdp())
        elif message.method == "ACK" and self.answer and message.call_id == (self.now_in and self.now_in.call_id):
            self.answer = None
            self.now_in.begun = time.time()
            if self.chance.random() < 0.5:
                self.hang_up_at = time.monotonic() + self.chance.uniform(0.3, 4)
        elif message.method == "CANCEL":
            self.line.reply(message, "200 OK")
            if self.ringing and self.ringing[0].call_id == message.call_id:
                self.line.reply(self.ringing[0], "487 Request Terminated", self.ringing[2])
                self.ringing = None
        elif message.method == "BYE":
            if self.now_in and self.now_in.call_id == message.call_id:
                self.answer = self.hang_up_at = None
            self.on_bye(message)
        elif message.method != "ACK":
            self.line.reply(message, "200 OK")

    def on_invite(self, message: Message) -> None:
        if self.ringing and self.ringing[0].call_id == message.call_id:
            return
        if self.now_in and self.now_in.call_id == message.call_id:
            return
        our_tag = f";tag={secrets.token_hex(4)}"
        if self.now_in or self.chance.random() < 0.08:
            self.line.reply(message, "486 Busy Here", our_tag)
            return
        self.line.reply(message, "180 Ringing", our_tag)
        lets_it_ring = self.chance.random() < 0.05
        self.ringing = (message, None if lets_it_ring else time.monotonic() + self.chance.uniform(0.05, 1.0), our_tag)

    def pick_up(self) -> None:
        message, _, our_tag = self.ringing
        self.ringing, self.dialog, self.our_tag, self.hang_up_at = None, message, our_tag, None
        self.now_in = Talk(message.call_id, time.time())
        self.talks.append(self.now_in)
        now = time.monotonic()
        self.answer = (self.line.reply(message, "200 OK", our_tag, self.line.sdp()), now + 0.5, now + 8)

    def hang_up(self) -> None:
        self.hang_up_at = None
        self.bye_cseq += 1
        to, me = self.dialog.get("from"), self.dialog.get("to") + self.our_tag
        head = f"From: {me}\r\nTo: {to}\r\nCall-ID: {self.dialog.call_id}\r\nCSeq: {self.bye_cseq} BYE\r\n"
        routes = "".join(f"Route: {route}\r\n" for route in self.dialog.all("record-route"))
        self.now_in.by_us = True
        self.now_in.ended = time.time()
        self.line.request("BYE", uri(self.dialog.get("contact")), routes + head)


@dataclass
class Wait:
    """One call of a citizen."""

    number: str
    call_id: str
    begun: float
    answered: float | None = None
    ended: float | None = None
    told: bool = False
    redial_of: "Wait | None" = field(default=None, repr=False)


class Citizen(Person):
    """Calls one time after the other, waits, hangs up when he has had enough; who hears that the line is gone mostly calls
    again at once."""

    def __init__(self, server: tuple[str, int], number: str, dial: str, seed: int):
        super().__init__(server, number, seed)
        self.dial = dial
        self.calls: list[Wait] = []
        self.call: Wait | None = None
        self.next_at = time.monotonic() + self.chance.uniform(0, 3)
        self.enough_at = 0.0
        self.answer: Message | None = None
        self.head = ""
        self.gone_at = 0.0
        self.redials: Wait | None = None
        self.resting = False

    def rest(self) -> None:
        """Calls no more; what goes on goes on."""
        self.resting = True

    def is_idle(self) -> bool:
        return self.call is None

    def turn(self) -> None:
        now = time.monotonic()
        if self.call is None and now >= self.next_at and not self.resting:
            self.begin()
        if self.call and self.answer is None and now >= self.gone_at:
            self.give_up()
        if self.call and self.answer and self.call.ended is None and now >= self.enough_at:
            self.hang_up()
        message = self.line.receive()
        if message:
            self.on(message)

    def begin(self) -> None:
        call_id = f"citizen-{secrets.token_hex(8)}@127.0.0.1"
        self.call = Wait(self.line.user, call_id, time.time(), redial_of=self.redials)
        self.redials, self.answer = None, None
        self.calls.append(self.call)
        target = f"sip:{self.dial}@{self.target.removeprefix('sip:')}"
        self.head = f"From: <sip:{self.line.user}@{self.line.here}>;tag=c\r\nTo: <{target}>{{to}}\r\nCall-ID: {call_id}\r\n"
        self.line.request("INVITE", target, self.head.format(to="") + "CSeq: 1 INVITE\r\n", self.line.sdp())
        self.gone_at = time.monotonic() + 12

    def on(self, message: Message) -> None:
        if message.status == 0:
            if message.method == "BYE":
                self.line.reply(message, "200 OK")
                told = "cause=41" in message.get("reason")
                if self.call and message.call_id == self.call.call_id:
                    self.over(told)
                elif told:
                    for call in self.calls:
                        call.told |= call.call_id == message.call_id
            elif message.method == "INVITE":
                self.line.reply(message, "200 OK", body=self.line.sdp())
            elif message.method != "ACK":
                self.line.reply(message, "200 OK")
            return
        if not self.call or message.call_id != self.call.call_id or message.status < 200:
            return
        if message.cseq[1] == "BYE":
            self.over(False)
        elif message.status < 300:
            self.acknowledge(message)
        else:
            self.over(False)

    def acknowledge(self, message: Message) -> None:
        self.answer = message
        head = self.head.format(to=tag(message.get("to"))) + "CSeq: 1 ACK\r\n"
        self.line.request("ACK", uri(message.get("contact")), head, until_answered=False)
        if self.call.answered is None:
            self.call.answered = time.time()
            self.enough_at = time.monotonic() + self.chance.uniform(2, 14)

    def hang_up(self) -> None:
        self.call.ended = time.time()
        head = self.head.format(to=tag(self.answer.get("to"))) + "CSeq: 2 BYE\r\n"
        self.line.request("BYE", uri(self.answer.get("contact")), head)
        self.gone_at = time.monotonic() + 20

    def give_up(self) -> None:
        """No answer: the line is dead for him."""
        self.line.pending.clear()
        self.over(False)

    def over(self, told: bool) -> None:
        if self.call.ended is None:
            self.call.ended = time.time()
        self.call.told = told
        again = told and self.chance.random() < 0.8
        self.redials = self.call if again else None
        self.next_at = time.monotonic() + (self.chance.uniform(0.05, 1.5) if again else self.chance.uniform(0.2, 4))
        self.call, self.answer = None, None
        with contextlib.suppress(AttributeError):
            self.line.pending.clear()
