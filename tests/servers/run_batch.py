"""Plays `vllm run-batch -i IN -o OUT --model NAME`: answers by a table, deterministically, a row as it comes.

RUN_BATCH_ANSWERS  a JSON file: model -> prompt -> text
RUN_BATCH_LOG      a file that each custom_id is appended to
RUN_BATCH_PAUSE    seconds before each row, so that it can be killed half-way
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from servers.model import Model, Refusal


def respond(
    row: Mapping[str, Any], answers: Mapping[str, Mapping[str, str]], only: str | None = None
) -> dict[str, Any]:
    """The output row of an input row; `only` is the one model that is served."""
    name = row["body"]["model"]
    output: dict[str, Any] = {"id": f"vllm-{row['custom_id'][:8]}", "custom_id": row["custom_id"], "error": None}
    assert (row["method"], row["url"]) == ("POST", "/v1/chat/completions")
    try:
        if only is not None and name != only:
            raise Refusal(404, {"error": {"message": f"The model `{name}` does not exist.", "code": 404}})
        body = Model(name, answers=answers[name]).reply(row["body"], chat=True)
        return {**output, "response": {"status_code": 200, "request_id": "r", "body": body}}
    except Refusal as refusal:
        response = {"status_code": refusal.status, "request_id": "r", "body": None}
        return {**output, "response": response, "error": refusal.body}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["run-batch"])
    parser.add_argument("-i", type=Path, required=True)
    parser.add_argument("-o", type=Path, required=True)
    parser.add_argument("--model", required=True)
    a = parser.parse_args()
    answers = json.loads(Path(os.environ["RUN_BATCH_ANSWERS"]).read_text())
    with a.o.open("w") as out, open(os.environ["RUN_BATCH_LOG"], "a") as log:
        for line in a.i.read_text().splitlines():
            time.sleep(float(os.environ.get("RUN_BATCH_PAUSE", "0")))
            row = json.loads(line)
            log.write(row["custom_id"] + "\n")
            log.flush()
            text = json.dumps(respond(row, answers, only=a.model)) + "\n"
            out.write(text[:40])  # a kill may come in the middle of a line
            out.flush()
            out.write(text[40:])
            out.flush()


if __name__ == "__main__":
    main()
