"""A model server that answers every chat after a fixed time, to measure clients with; it says what it saw.

    python perf/_stand_in.py [--latency SECONDS] [--faults | --rough KIND]

Its first line is the port. When its input ends, its second and last line is a JSON object (see `Seen`), and it ends.
Answers follow from the prompt's number, "Question 17: …". A prompt without one is not of the measured set (a client
finds out what the server can do): it is answered like any other and counted apart.
Bare asyncio with a few lines of HTTP, so that the client is what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import re
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass

EVERY = 200
"""With --faults, one in 200 prompts is answered 500 at its first attempt, and one in 200 with 429: 1 % in all."""
RETRY_AFTER = 1
"""Seconds that a 429 asks to wait."""
FAULTS = {50: (429, "Too Many Requests", f"Retry-After: {RETRY_AFTER}\r\n"), 150: (500, "Internal Server Error", "")}
"""Prompt number modulo EVERY -> status, reason and header of the first attempt, at once as overloaded servers do."""
REFUSED_AFTER = 0.002
ROUGH: dict[str, dict[str, float]] = {
    "chance-1": {"chance": 0.01},
    "chance-10": {"chance": 0.1},
    "chance-30": {"chance": 0.3},
    "rate": {"rate": 50, "burst": 50},
    "rate-told": {"rate": 50, "burst": 50, "told": 1},
    "tokens": {"rate": 100_000 / 60, "burst": 10_000, "cost": 63},
    "tokens-told": {"rate": 100_000 / 60, "burst": 10_000, "cost": 63, "told": 1},
    "slows": {"beyond": 64},
    "stalls": {"stall": 0.002},
    "errors": {"error": 0.05},
    "closed": {"closed": 60},
}
"""What a rough server does: refuses by chance; refuses what exceeds a rate, with a burst that it allows, and perhaps
headers that say so; takes longer beyond so many in flight; never answers; answers 200 with an error; refuses all for so
many seconds."""
QUESTION = re.compile(rb"Question (\d+):")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass
class Seen:
    """What the clients did. Times are of the machine's monotonic clock, which all its processes share."""

    requests: int = 0
    """For chats of the measured set, repeated ones included."""
    answered: int = 0
    """Different prompts of the measured set that got an answer."""
    others: int = 0
    """Requests for anything else."""
    connections: int = 0
    peak: int = 0
    """Most requests in flight at once."""
    opened: float | None = None
    """First request of any kind."""
    first: float | None = None
    """First request of the measured set."""
    last: float | None = None
    """Last answer to the measured set."""
    told_to_wait: float | None = None
    """Last 429."""
    in_flight: int = 0
    refused: int = 0
    """By a rate."""
    chance: int = 0
    """Refused, or broken, by chance."""
    cpu: float = 0.0
    """Processor seconds of the server itself."""


class Server:
    """Answers, and what was seen."""

    def __init__(self, latency: float, faults: bool, rough: str | None = None) -> None:
        self.latency, self.faults = latency, faults
        self.rough = ROUGH[rough] if rough else {}
        self.level, self.at, self.opening = self.rough.get("burst", 0.0), 0.0, None
        self.seen = Seen()
        self.tried: Counter[int] = Counter()
        self.answered: set[int] = set()

    def respond(self, line: bytes, body: bytes) -> tuple[bytes, float | None, int | None]:
        """The response to one request, after how many seconds (None: never), and the number of its prompt."""
        seen, now = self.seen, time.monotonic()
        seen.opened = seen.opened or now
        path = line.split(b" ", 2)[1]
        asked = QUESTION.search(body)
        if path != b"/v1/chat/completions" or not asked:
            seen.others += 1
            if path == b"/v1/models":
                return response({"object": "list", "data": [{"id": "m", "object": "model"}]}), 0.0, None
            if path != b"/v1/chat/completions":
                return response({"error": {"message": "no such path"}}, 404, "Not Found"), 0.0, None
            return completion("Yes", tokens=1), self.latency, None
        number = int(asked.group(1))
        seen.requests += 1
        seen.first = seen.first or now
        fault = FAULTS.get(number % EVERY) if self.faults and number not in self.tried else None
        self.tried[number] += 1
        if self.rough:
            return self.roughly(number, now)
        if fault:
            status, reason, header = fault
            seen.told_to_wait = now if status == 429 else seen.told_to_wait
            return response({"error": {"message": reason}}, status, reason, header), 0.0, None
        return completion(f"Answer {number}"), self.latency, number

    def roughly(self, number: int, now: float) -> tuple[bytes, float | None, int | None]:
        """As `respond`, of a rough server. Chance follows from prompt and attempt: all clients meet the same."""
        rough, seen = self.rough, self.seen
        self.opening = self.opening or now
        luck = random.Random(f"{number} {self.tried[number]}").random()
        wait, said = f"Retry-After: {RETRY_AFTER}\r\n", {"error": {"message": "Too Many Requests"}}
        refusal = response(said, 429, "Too Many Requests", wait)
        if luck < rough.get("chance", 0.0):
            seen.chance += 1
            return refusal, REFUSED_AFTER, None
        if now - self.opening < rough.get("closed", 0.0):
            seen.refused += 1
            return refusal, REFUSED_AFTER, None
        if luck < rough.get("stall", 0.0):
            seen.chance += 1
            return b"", None, None
        if luck < rough.get("error", 0.0):
            seen.chance += 1
            return response({"error": {"message": "the worker behind is gone"}}), self.latency, None
        header = ""
        if rate := rough.get("rate"):
            burst, cost = rough["burst"], rough.get("cost", 1.0)
            self.level, self.at = min(burst, self.level + (now - self.at) * rate), now
            taken = self.level >= cost
            self.level -= cost if taken else 0.0
            if rough.get("told"):
                kind, reset = "tokens" if "cost" in rough else "requests", (burst - self.level) / rate
                header = f"x-ratelimit-limit-{kind}: {burst:.0f}\r\nx-ratelimit-remaining-{kind}: {self.level:.0f}\r\n"
                header += f"x-ratelimit-reset-{kind}: {1000 * reset:.0f}ms\r\n"
            if not taken:
                seen.refused += 1
                return response(said, 429, "Too Many Requests", wait + header), REFUSED_AFTER, None
        slower = max(1.0, (seen.in_flight + 1) / rough.get("beyond", math.inf))
        return completion(f"Answer {number}", header=header), self.latency * slower, number


def completion(text: str, tokens: int = 3, header: str = "") -> bytes:
    usage = {"prompt_tokens": 60, "completion_tokens": tokens, "total_tokens": 60 + tokens}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    common = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "m"}
    return response({**common, "choices": [choice], "usage": usage}, header=header)


def response(data: object, status: int = 200, reason: str = "OK", header: str = "") -> bytes:
    body = json.dumps(data).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{header}\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One connection: requests in, responses out when they are due."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.seen.connections += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = LENGTH.search(head)
            whole = end + 4 + (int(length.group(1)) if length else 0)
            if len(self.buffer) < whole:
                return
            body, self.buffer = self.buffer[end + 4 : whole], self.buffer[whole:]
            made, wait, number = self.server.respond(head.split(b"\r\n", 1)[0], body)
            seen = self.server.seen
            seen.in_flight += 1
            seen.peak = max(seen.peak, seen.in_flight)
            if wait is not None:
                asyncio.get_running_loop().call_later(wait, self.send, made, number)

    def send(self, made: bytes, number: int | None) -> None:
        seen = self.server.seen
        seen.in_flight -= 1
        if self.transport.is_closing():
            return
        self.transport.write(made)
        if number is not None:
            self.server.answered.add(number)
            seen.answered, seen.last = len(self.server.answered), time.monotonic()


async def serve(latency: float, faults: bool, rough: str | None = None) -> Seen:
    """What was seen from now to the end of the input."""
    server, loop = Server(latency, faults, rough), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0, backlog=1024)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    listening.close()
    server.seen.cpu = time.process_time()
    return server.seen


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--rough", choices=ROUGH, metavar="KIND", help=", ".join(ROUGH))
    options = parser.parse_args()
    print(json.dumps(asdict(asyncio.run(serve(options.latency, options.faults, options.rough)))), flush=True)
