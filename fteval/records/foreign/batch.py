"""What a batch API writes: OpenAI's, and `vllm run-batch`. The answer's id is the request's `custom_id`.

The body of an answer lies under `response.body`; early versions of vLLM wrote it as `response` itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fteval.records.foreign.turns import at, several, text

TOOL = "a batch API"


def knows(row: Mapping[str, Any]) -> bool:
    return "custom_id" in row and ("response" in row or "error" in row)


def rows(given: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, row in given:
        yield number, _row(row) if knows(row) else "no 'custom_id' with a 'response': no row of a batch"


def _row(row: Mapping[str, Any]) -> dict[str, Any] | str:
    body, status = at(row, "response", "body"), at(row, "response", "status_code")
    body = row.get("response") if body is None and status is None else body
    error = row.get("error") or at(body, "error")
    if error or status not in (None, 200) or body is None:
        said = at(error, "message") or error or body or "no response"
        return {"id": row["custom_id"], "output": None, "error": f"{f'HTTP {status}: ' * bool(status)}{said}"[:500]}
    answers = _of_responses(body) if isinstance(at(body, "output"), list) else _of_choices(body)
    if not answers:
        return "its response has neither 'choices' nor 'output' with a text"
    found = {"output": answers[0][0]} if len(answers) == 1 else {"outputs": [said for said, _ in answers]}
    return {"id": row["custom_id"], **found, "finish_reason": answers[0][1]}


def _of_choices(body: Any) -> list[tuple[str | None, Any]]:
    """Of the chat's and the plain completions' form; a refusal is an answer in a field of its own."""
    found = []
    for choice in several(at(body, "choices")):
        said, reason = text(at(choice, "message", "content")), at(choice, "finish_reason")
        if said is None and isinstance(refusal := at(choice, "message", "refusal"), str):
            said, reason = refusal, "refusal"
        found.append((at(choice, "text") if said is None else said, reason))
    return found


def _of_responses(body: Mapping[str, Any]) -> list[tuple[str | None, Any]]:
    contents = [at(one, "content") for one in body["output"] if at(one, "type") == "message"]
    refusals = [at(part, "refusal") for content in contents for part in several(content)]
    said = "".join(text(content) or "" for content in contents)
    if not said and (refused := "".join(one for one in refusals if isinstance(one, str))):
        return [(refused, "refusal")]
    cut = at(body, "incomplete_details", "reason") == "max_output_tokens"
    return [(said, "length" if cut else "stop")] if contents else []
