"""The rows of examples/forgetting as other tools write them: ShareGPT, and Alpaca with the text as its input.

python examples/chat-formats/make.py
"""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
ROWS = HERE.parent / "forgetting" / "data" / "train.jsonl"
_TWO = re.compile(r"(?P<input>.+\.) (?P<instruction>[^.]+[.?])$")
"""Statements, and what is asked of them."""


def main() -> None:
    share, alpaca = [], []
    for line in ROWS.read_text(encoding="utf-8").splitlines():
        question, answer = (turn["content"] for turn in json.loads(line)["messages"])
        share.append({"conversations": [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]})
        parts = _TWO.match(question)
        said = parts.groupdict() if parts else {"instruction": question, "input": ""}
        alpaca.append({"instruction": said["instruction"], "input": said["input"], "output": answer})
    for name, rows in {"sharegpt": share, "alpaca": alpaca}.items():
        (HERE / "data" / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
