"""Outputs as other tools write them: the line that turns such a file into one that `replay:` reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RENAMED = ("prediction", "predict", "response", "completion", "generated_text", "generation", "answer", "text")
"""Keys under which people keep what a model answered."""


def replayable(row: Mapping[str, Any]) -> str | None:
    """How a row of another tool becomes one of replayed outputs, as a jq line; None where nobody can know.

    lm-eval's samples, a batch API's results, vLLM's offline outputs, inspect's samples, a conversation that ends with
    the answer, and plain rows with the answer under another name.
    """
    filtered = _jq_filter(row)
    return None if filtered is None else f"jq -c '{filtered}' FILE > NEW.jsonl"


def _jq_filter(row: Mapping[str, Any]) -> str | None:
    turns, outputs = row.get("messages"), row.get("outputs")
    if isinstance(row.get("output"), str):
        return None  # it is what it should be
    if "resps" in row and "doc_id" in row:
        return "{id: (.doc_id | tostring), output: .resps[0][0]}"
    if "custom_id" in row and "response" in row:
        chosen = ".response.body.choices[0]"
        return f"{{id: .custom_id, output: {chosen}.message.content, finish_reason: {chosen}.finish_reason}}"
    if isinstance(outputs, list) and outputs and isinstance(outputs[0], Mapping) and "text" in outputs[0]:
        named = "id: .request_id, " if "request_id" in row and "id" not in row else ""
        return f". + {{{named}outputs: [.outputs[].text]}}"
    if isinstance(row.get("output"), Mapping) and "completion" in row["output"]:
        return "{id: (.id | tostring), output: .output.completion}"
    if isinstance(turns, list) and turns and isinstance(turns[-1], Mapping) and turns[-1].get("role") == "assistant":
        return ". + {messages: .messages[:-1], output: .messages[-1].content}"
    key = next((key for key in RENAMED if isinstance(row.get(key), str)), None)
    return f". + {{output: .{key}}}" if key and outputs is None else None
