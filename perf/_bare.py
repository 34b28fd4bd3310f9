"""The least that a client can do: prompts from a JSONL file to a server with aiohttp, answers into another file.

    python perf/_bare.py URL PROMPTS.jsonl OUT.jsonl [--connections 256] [--timeout 300]

No scores, no record of what was asked how. What is refused, lost or broken is asked again after the time that the
server names, outside the connections. What `perf/server.py` and `perf/rough_servers.py` measure against.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from typing import Any, TextIO

import aiohttp


async def ask(url: str, rows: Iterator[dict[str, Any]], out: TextIO, connections: int, timeout: float) -> None:
    """Sends all rows, `connections` at a time."""
    places = asyncio.Semaphore(connections)
    limits = aiohttp.ClientTimeout(total=timeout)
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, timeout=limits) as session:

        async def once(body: dict[str, Any]) -> str | float:
            """The answer, or the seconds to wait."""
            try:
                async with session.post(f"{url}/chat/completions", json=body) as reply:
                    data = json.loads(await reply.read())
                    if reply.status == 200 and "choices" in data:
                        return data["choices"][0]["message"]["content"]
                    return float(reply.headers.get("Retry-After", 0))
            except TimeoutError:
                return 0.0

        async def again(row: dict[str, Any], body: dict[str, Any], wait: float) -> None:
            found: str | float = wait
            while isinstance(found, float):
                await asyncio.sleep(found)
                async with places:
                    found = await once(body)
            out.write(json.dumps({"id": row["id"], "output": found}) + "\n")

        async def worker(retries: asyncio.TaskGroup) -> None:
            for row in rows:
                body = {"model": "m", "messages": row["messages"][:1], "temperature": 0.0, "max_tokens": 256}
                async with places:
                    found = await once(body)
                if isinstance(found, float):
                    retries.create_task(again(row, body, found))
                else:
                    out.write(json.dumps({"id": row["id"], "output": found}) + "\n")

        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(worker(group))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("prompts")
    parser.add_argument("out")
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--timeout", type=float, default=300.0)
    options = parser.parse_args()
    with open(options.prompts, encoding="utf-8") as lines, open(options.out, "w", encoding="utf-8") as file:
        rows = (json.loads(line) for line in lines)
        asyncio.run(ask(options.url, rows, file, options.connections, options.timeout))
