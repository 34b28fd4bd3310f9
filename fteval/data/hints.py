"""What to do about rows that others write: the line that turns them into rows of a hold-out, where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROMPTS = ("question", "instruction", "input", "query")
TARGETS = ("answer", "completion", "response", "output", "ideal", "reference", "label")
"""Keys under which people keep what is asked and what is right."""
_ROLES = '{"human":"user","gpt":"assistant","model":"assistant","developer":"system"}'
_SPEAKERS = '{"human":"user","gpt":"assistant","system":"system"}'
ALPACA = '{prompt: (.instruction + (if (.input // "") == "" then "" else "\\n\\n" + .input end)), target: .output}'

_LETTERED = '[.choices | to_entries[] | ([.key + 65] | implode) + ". " + .value]'
"""An answer that is the place of a choice: the letter before that choice is what a model can say."""


def mended(row: Mapping[str, Any]) -> str | None:
    """How a row that is no sample becomes one, as a jq filter that can be pasted; None where nobody can know."""
    turns = row.get("messages")
    if isinstance(turns, list):
        roles = [turn.get("role") for turn in turns if isinstance(turn, Mapping)]
        if any(isinstance(role, str) and role not in ("system", "user", "assistant", "tool") for role in roles):
            return _jq(f".messages |= map(.role |= ({_ROLES}[ascii_downcase] // ascii_downcase))")
        if any(isinstance(turn.get("content"), list) for turn in turns if isinstance(turn, Mapping)):
            return _jq('.messages |= map(.content |= if type == "array" then map(.text) | join("") else . end)')
        return None
    if "conversations" in row:
        return _jq(f"{{messages: [.conversations[] | {{role: {_SPEAKERS}[.from], content: .value}}]}}")
    if {"instruction", "output"} <= row.keys():
        return _jq(ALPACA)
    asked = "prompt" if "prompt" in row else next((key for key in PROMPTS if key in row), None)
    right = "target" if "target" in row else other_target(row)
    if asked is None or (asked == "prompt" and isinstance(row[asked], str)):
        return None
    if isinstance(row[asked], list) and right is not None:
        answer = 'if type == "array" then . else [{role: "assistant", content: .}] end'
        return _jq(f"{{messages: (.{asked} + (.{right} | {answer}))}}")
    if isinstance(row.get("choices"), list) and isinstance(row.get(right or ""), int):
        return _jq(
            f'. + {{prompt: (.{asked} + "\\n" + ({_LETTERED} | join("\\n"))), target: ([.{right} + 65] | implode)}}'
        )
    named = [f"prompt: .{asked}", *([f"target: .{right}"] if right is not None else [])]
    return _jq(". + {" + ", ".join(named) + "}")


def other_target(row: Mapping[str, Any]) -> str | None:
    """The key of a row that probably holds what a target would."""
    return next((key for key in TARGETS if row.get(key) not in (None, "")), None)


def _jq(text: str) -> str:
    return f"jq -c '{text}' FILE > NEW.jsonl"
