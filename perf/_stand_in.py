"""A model server that answers every chat after a fixed time, to measure clients with; it says what it saw.

    python perf/_stand_in.py [--latency SECONDS] [--faults]

Its first line is the port. When its input ends, its second and last line is a JSON object (see `Seen`), and it ends.
Answers follow from the prompt's number, "Question 17: …". A prompt without one is not of the measured set (a client
finds out what the server can do): it is answered like any other and counted apart.
Bare asyncio with a few lines of HTTP, so that the client is what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from dataclasses import asdict, dataclass

EVERY = 200
"""With --faults, one in 200 prompts is answered 500 at its first attempt, and one in 200 with 429: 1 % in all."""
RETRY_AFTER = 1
"""Seconds that a 429 asks to wait."""
FAULTS = {50: (429, "Too Many Requests", f"Retry-After: {RETRY_AFTER}\r\n"), 150: (500, "Internal Server Error", "")}
"""Prompt number modulo EVERY -> status, reason and header of the first attempt, at once as overloaded servers do."""
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
    cpu: float = 0.0
    """Processor seconds of the server itself."""


class Server:
    """Answers, and what was seen."""

    def __init__(self, latency: float, faults: bool) -> None:
        self.latency, self.faults = latency, faults
        self.seen = Seen()
        self.tried: set[int] = set()
        self.answered: set[int] = set()

    def respond(self, line: bytes, body: bytes) -> tuple[bytes, float, int | None]:
        """The response to one request, after how many seconds, and the number of its prompt."""
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
        self.tried.add(number)
        if fault:
            status, reason, header = fault
            seen.told_to_wait = now if status == 429 else seen.told_to_wait
            return response({"error": {"message": reason}}, status, reason, header), 0.0, None
        return completion(f"Answer {number}"), self.latency, number


def completion(text: str, tokens: int = 3) -> bytes:
    usage = {"prompt_tokens": 60, "completion_tokens": tokens, "total_tokens": 60 + tokens}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    common = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "m"}
    return response({**common, "choices": [choice], "usage": usage})


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


async def serve(latency: float, faults: bool) -> Seen:
    """What was seen from now to the end of the input."""
    server, loop = Server(latency, faults), asyncio.get_running_loop()
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
    options = parser.parse_args()
    print(json.dumps(asdict(asyncio.run(serve(options.latency, options.faults)))), flush=True)
