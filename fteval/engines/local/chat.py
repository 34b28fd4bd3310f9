"""Messages to token ids and back: a model's own tokenizer and chat template.

The template renders, sandboxed by transformers and fenced in (`fence`). Its text is tokenised as it stands, so the only
BOS is the template's.
"""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fteval.engines.local import digests, templates
from fteval.engines.local.fence import Exceeded, Fenced, Refused
from fteval.engines.refs import exists, read_json
from fteval.errors import PromptRefused, UserError
from fteval.records import Message, Prompt, digest
from fteval.records.reasoning import is_mark

PROBES = (
    "What is a dog?",
    "List three towns and say who was born there on 14 March 1990.",
    "Explain in one sentence why the sky is blue.",
)
"""Questions that show whether two models differ at all; their answers are never scored."""
TOOLS = """You can call these tools:
{}
To call one, answer with <tool_call>{{"name": "…", "arguments": {{…}}}}</tool_call>.
If none of them fits, just answer."""
"""What a model is told whose template knows no tools."""
VOCABULARIES = (
    *("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "vocab.model"),
    *("spiece.model", "sentencepiece.bpe.model", "tekken.json"),
)
"""Files of which a tokenizer needs one."""


NONE: Mapping[str, Any] = MappingProxyType({})
TALKS = tuple(
    [Message(role, f"{PROBES[i]} {i}") for i, role in enumerate(roles.split())]
    for roles in ("user", "system user", "user assistant user")
)
"""Conversations that show what a chat template does: two templates that ask these alike are one."""


class Chat:
    """What a model is asked through: its tokenizer and its chat template."""

    def __init__(self, folder: Path, adapter: Path | None = None) -> None:
        """`folder` is the model's; what an adapter's folder has of its own is what the adapter is asked through."""
        own = adapter is not None and has_tokenizer(adapter)
        self.folder = adapter if adapter is not None and own else folder
        self.tokenizer = load_tokenizer(self.folder, folder)
        first = templates.saved(adapter) if adapter is not None else {}
        self._templates(first or templates.named(self.tokenizer.chat_template) or templates.saved(folder), bool(first))

    @classmethod
    def of(cls, tokenizer: Any) -> Chat:
        """What a model is asked through whose tokenizer is in memory; that one is left as it is."""
        chat = cls.__new__(cls)
        chat.folder, chat.tokenizer = Path(str(tokenizer.name_or_path)), copy.deepcopy(tokenizer)
        chat._templates(templates.named(tokenizer.chat_template), False)
        return chat

    def _templates(self, found: Mapping[str, str], own: bool) -> None:
        self.template: str | None = found.get("default")
        self.own_template = own
        """Whether the template came with the adapter."""
        self._names = sorted(found)
        self._fenced = Fenced(partial(rendered, self.tokenizer))

    @cached_property
    def digest(self) -> str:
        return digests.tokenizer_digest(self.tokenizer)

    @cached_property
    def template_digest(self) -> str:
        """Of what the template makes of conversations: a comment or another spelling of the same makes no other."""
        return digest(self.template and [self.text_or_refusal(talk) for talk in TALKS])

    def text_or_refusal(self, messages: Sequence[Message]) -> list[str]:
        """A conversation as the template renders it; for one that it refuses, a word for that."""
        try:
            return ["text", self.render(messages)]
        except PromptRefused:
            return ["refused"]

    def render(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] = (),
        variables: Mapping[str, Any] = NONE,
    ) -> str:
        """The text that the template makes of a conversation, up to where the assistant begins.

        A template that knows no tools finds them written into the system's turn.
        """
        if not self.template:
            named = f" (those named {', '.join(self._names)} are not for plain questions)" if self._names else ""
            raise UserError(
                f"this tokenizer has no chat template{named}, so there is no way to ask it a question",
                where=str(self.folder / "tokenizer_config.json"),
                fix="use the instruct version of the model, or save a chat_template.jinja beside the tokenizer",
            )
        turns = [{"role": m.role, "content": m.content} for m in messages]
        roles = [m.role for m in messages]
        if taken := variables.keys() & inspect.signature(self.tokenizer.apply_chat_template).parameters.keys():
            raise UserError(f"chat_template_kwargs cannot say {', '.join(sorted(taken))}: no variables of a template")
        try:
            return str(self._fenced(self.template, turns, list(tools), dict(variables)))
        except Exceeded as error:  # the next prompts may cost as much
            raise UserError(f"the chat template fails: {error}", where=str(self.folder)) from error
        except Refused as error:
            raise PromptRefused(
                f"the chat template fails: {error}",
                where=str(self.folder),
                fix=f"it was given the roles {', '.join(roles)}; see the model's card"
                + ("; sampling: {system: fold} has the user say the system text" if "system" in roles else ""),
            ) from error

    def prompt(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] = (),
        variables: Mapping[str, Any] = NONE,
    ) -> Prompt:
        """The prompt as token ids. Raises UserError for a template that begins with BOS twice."""
        if messages[0].role == "text":
            return Prompt(tuple(messages), tuple(self.plain(messages[0].content)))
        ids = self.encode(self.render(messages, tools, variables))
        if not ids:
            raise UserError(
                "the chat template renders nothing", where=str(self.folder), fix="look at chat_template.jinja"
            )
        if (bos := self.tokenizer.bos_token_id) is not None and ids[:2] == [bos, bos]:
            raise UserError(
                f"the chat template writes BOS twice: {ids[:8]} …",
                where=str(self.folder),
                fix="take one out of the template",
            )
        return Prompt(tuple(messages), tuple(ids), tuple(tools))

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, nothing added."""
        try:
            text.encode()
        except UnicodeEncodeError:
            # Half a surrogate pair is no character: tokenizers refuse it, people mean U+FFFD.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def plain(self, text: str) -> list[int]:
        """Token ids of a text that no template made: with what this tokenizer puts around a text, BOS mostly."""
        return self._plain_ids([text])[text]

    def _plain_ids(self, texts: Iterable[str]) -> dict[str, list[int]]:
        """The same of many texts, each cut once: one by one they take four times as long."""
        begin = str(self.tokenizer.decode([self.prefix]))
        found: dict[str, list[int]] = {}
        for begun in (False, True):
            some = [text for text in dict.fromkeys(texts) if text.startswith(begin) == begun]
            cut = self.tokenizer(some, add_special_tokens=not begun)["input_ids"] if some else []
            found |= zip(some, cut, strict=True)
        return found

    @cached_property
    def prefix(self) -> int:
        """The token before a text of which nothing else is known: BOS, else EOS."""
        bos = self.tokenizer.bos_token_id
        return int(self.tokenizer.eos_token_id if bos is None else bos)

    def pairs(self, asked: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
        """Token ids of contexts and of the texts that go on from them.

        As lm-eval cuts them, so that its numbers are ours: white space at a context's end belongs to the text, and the
        text's tokens are those of both together beyond as many as the context has alone.
        """
        ids = self._plain_ids([t for context, text in asked if context for t in (context.rstrip(), context + text)])
        found = []
        for context, text in asked:
            if context:
                before = ids[context.rstrip()]
                found.append((before, ids[context + text][len(before) :]))
            else:
                alone = self.encode(text)
                found.append(([self.prefix], alone) if alone[:1] != [self.prefix] else (alone[:1], alone[1:]))
        return found

    def decode(self, ids: Sequence[int]) -> str:
        """The text of generated tokens, special ones left out; those that mark reasoning stay."""
        marks = self._marks
        if marks.keys().isdisjoint(ids):
            return self._plain(ids)
        runs = ((mark, list(run)) for mark, run in groupby(ids, key=marks.__contains__))
        return "".join("".join(marks[i] for i in run) if mark else self._plain(run) for mark, run in runs)

    @cached_property
    def _marks(self) -> Mapping[int, str]:
        """Special tokens that part reasoning from answer: left out, the one would run into the other."""
        added = getattr(self.tokenizer, "added_tokens_decoder", {})
        return {i: str(t.content) for i, t in added.items() if t.special and is_mark(str(t.content))}

    def _plain(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def continuation(self, prompt: Prompt, text: str) -> tuple[list[int], list[int]]:
        """Token ids of a prompt and of a text that goes on from it.

        Tokenised together, and split where the prompt's own tokens end. Where the tokenizer would merge across that
        border, the text is tokenised alone: the model has already read the prompt's tokens, so it could not write the
        merged one.
        """
        ids = list(prompt.token_ids or self.prompt(prompt.messages, prompt.tools).token_ids or ())
        if prompt.messages and self.template:
            together = self.encode(self.render(prompt.messages, prompt.tools) + text)
            if together[: len(ids)] == ids and len(together) > len(ids):
                return ids, together[len(ids) :]
        return ids, self.encode(text)


def rendered(
    tokenizer: Any, template: str, turns: list[dict[str, str]], tools: Sequence[Mapping[str, Any]], variables: Any
) -> str:
    """A conversation by a template, where it may do harm: see `fence`."""
    apply = partial(
        tokenizer.apply_chat_template, chat_template=template, tokenize=False, add_generation_prompt=True, **variables
    )
    text = str(apply(turns, tools=tools or None))
    return str(apply(told(turns, tools))) if tools and text == str(apply(turns)) else text


def told(turns: list[dict[str, str]], tools: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The turns, with the tools written into a system's turn, as Hermes models learnt to be told of them."""
    written = "\n".join(json.dumps(tool["function"], ensure_ascii=False) for tool in tools)
    known = turns[0]["content"] + "\n\n" if turns[0]["role"] == "system" else ""
    return [{"role": "system", "content": f"{known}{TOOLS.format(written)}"}, *turns[turns[0]["role"] == "system" :]]


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds a vocabulary."""
    return any(exists(folder / name) for name in VOCABULARIES)


def load_tokenizer(folder: Path, model: Path) -> Any:
    """A folder's tokenizer, as training and serving tools load it too; `model` is the folder whose config says the
    architecture. Raises UserError for a missing or broken one."""
    from transformers import AutoConfig, AutoTokenizer

    if "AutoTokenizer" in _config(folder).get("auto_map", ()):
        raise UserError(
            "this tokenizer needs code from its repository, which is never run",
            where=str(folder / "tokenizer_config.json"),
        )
    if not has_tokenizer(folder):
        # Some classes would make an empty tokenizer out of nothing, without a word.
        raise UserError(
            "no tokenizer in the model's folder",
            where=str(folder),
            fix="save it beside the model: tokenizer.save_pretrained(FOLDER)",
        )
    try:
        # AutoTokenizer, not the file's own class: it is what TRL, vLLM and lm-eval load, and for some architectures it
        # puts another pre-tokenizer around the saved vocabulary.
        here = {"trust_remote_code": False, "local_files_only": True}
        if folder != model:
            here["config"] = AutoConfig.from_pretrained(model, **here)
        tokenizer = AutoTokenizer.from_pretrained(folder, **here)
    except Exception as error:  # the tokenizers library raises bare Exception for a broken tokenizer.json
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"the tokenizer cannot be loaded: {first[:200]}",
            where=str(folder),
            fix="save it beside the model: tokenizer.save_pretrained(FOLDER)",
        ) from error
    if (backend := getattr(tokenizer, "backend_tokenizer", None)) is not None:
        backend.no_padding()  # training saves how it filled and cut batches, which is no part of what a tokenizer does
        backend.no_truncation()
    return tokenizer


def _config(folder: Path) -> dict[str, Any]:
    return read_json(folder / "tokenizer_config.json") if exists(folder / "tokenizer_config.json") else {}


def stop_ids(tokenizer: Any, generation_config: dict[str, Any], config: dict[str, Any]) -> frozenset[int]:
    """Tokens that end an answer: the tokenizer's eos and those of generation_config.json (else config.json)."""
    named = generation_config.get("eos_token_id", config.get("eos_token_id"))
    ids = {tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])}
    return frozenset(int(i) for i in ids if i is not None)
