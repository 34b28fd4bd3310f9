"""The least that a client can do: prompts from a JSONL file to a server with aiohttp, answers into another file.

    python perf/_bare.py URL PROMPTS.jsonl OUT.jsonl [--connections 256]

No retries, no scores, no record of what was asked how. What `perf/server.py` measures against.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from typing import Any, TextIO

import aiohttp


async def ask(url: str, rows: Iterator[dict[str, Any]], out: TextIO, connections: int) -> None:
    """Sends all rows, `connections` at a time."""
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def worker() -> None:
            for row in rows:
                body = {"model": "m", "messages": row["messages"][:1], "temperature": 0.0, "max_tokens": 256}
                async with session.post(f"{url}/chat/completions", json=body) as reply:
                    reply.raise_for_status()
                    data = json.loads(await reply.read())
                text = data["choices"][0]["message"]["content"]
                out.write(json.dumps({"id": row["id"], "output": text}) + "\n")

        await asyncio.gather(*(worker() for _ in range(connections)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("prompts")
    parser.add_argument("out")
    parser.add_argument("--connections", type=int, default=256)
    options = parser.parse_args()
    with open(options.prompts, encoding="utf-8") as lines, open(options.out, "w", encoding="utf-8") as file:
        asyncio.run(ask(options.url, (json.loads(line) for line in lines), file, options.connections))
