"""What would spoil a run, found in seconds: for `fteval doctor`, and before every run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fteval.engines.local import templates
from fteval.engines.local.chat import PROBES, TALKS, Chat
from fteval.engines.local.engine import TransformersEngine
from fteval.engines.local.folders import fetch
from fteval.engines.pool import Pool
from fteval.engines.refs import Source, exists, parse, quantised_base
from fteval.engines.remote.engine import ServerEngine
from fteval.errors import UserError
from fteval.records import Check, CheckedEngine, Engine, Message, Request, Sampling, bare, canonical

SHORT = 256
"""A context below this leaves little room for a question and its answer."""
SAME_PROMPT, ADAPTER_TEMPLATE = "same prompt", "adapter template"
"""What the checks of a model against the one that it is compared with, or lies on, are called."""


def checks(engine: Engine, pool: Pool) -> list[Check]:
    """What can be known about a model before it is asked anything that counts. Loads its weights.

    Raises UserError only for what cannot be looked at; what is wrong with the model is a check that failed.
    """
    if isinstance(engine, CheckedEngine):
        return list(engine.checks())
    if isinstance(engine, ServerEngine):
        return list(_server(engine))
    if not isinstance(engine, TransformersEngine):
        return list(_promises(engine))
    found = quick_checks(engine)
    try:
        engine.weights()
    except UserError as error:
        found.append(Check("weights", False, error.what, error.fix))
        return found
    if engine.located.adapter is None:
        found.append(
            Check("weights", True, f"loaded, {engine.dtype} on {engine.device}, {engine.located.weights[:19]}")
        )
    else:
        # Attaching raised nothing, and that is what it checks.
        found.append(Check("adapter base", True, f"the adapter is on its own base, {engine.located.weights[:19]}"))
        found.append(Check("adapter effect", True, f"the adapter changes the logits of {len(PROBES)} probe prompts"))
        found.append(Check("base unchanged", True, "with the adapter disabled the model is the base"))
        found.append(_adapter_template(engine))
    found.append(_stops(engine))
    return found


def quick_checks(engine: Engine) -> list[Check]:
    """What can be known without weights and without asking anybody; before every run. Of the model under all layers."""
    engine = bare(engine)
    if isinstance(engine, TransformersEngine):
        return [*_template(engine), _bos(engine), _tokenizer_file(engine), *_base(engine), _context(engine)]
    return list(engine.checks()) if isinstance(engine, CheckedEngine) else []


def lend_template(pool: Pool, base: str, candidates: Sequence[str]) -> str | None:
    """Has a base without a chat template asked by the one that its candidates brought, and says so; None where there
    is nothing to lend, or more than one."""

    def saved(source: Source) -> str | None:
        here = source.kind in ("nano", "local", "hub")
        return templates.saved(fetch(source, offline=pool.offline)).get("default") if here else None

    asked = parse(base, pool.candidates)
    if asked.adapter is not None or asked.base.kind in ("server", "scheme") or saved(asked.base):
        return None
    refs = [parse(ref, pool.candidates) for ref in candidates]
    found = {template: ref.text for ref in refs if (template := saved(ref.adapter or ref.base))}
    if len(found) != 1:
        return None
    [(pool.templates[base], whose)] = found.items()
    return f"{base} has no chat template: it is asked by the one of {whose}"


def rendered_here(engine: Engine | None) -> TransformersEngine | None:
    """The engine, where the prompts of its model are made here, so that they can be compared."""
    model = None if engine is None else bare(engine)
    return model if isinstance(model, TransformersEngine) else None


def _server(engine: ServerEngine) -> Iterator[Check]:
    try:
        served = engine.start(Sampling())
        capabilities = engine.capabilities()
    except UserError as error:
        yield Check("server", False, error.what, error.fix)
        return
    yield Check("server", True, f"{served['place']} answers, and calls the model {served['served']}")
    if engine.replicas is not None:
        for place in served["servers"][1:]:
            why = engine.replicas.absent.get(place)
            said = f"{place} answers, and says the same" if why is None else f"{place} is not asked: {why}"
            yield Check("replica", True if why is None else None, said, why and "the run goes on without it until then")
    if served["moving"]:
        name = f"{served['model']} is a moving name: its provider may put another model behind it"
        yield Check("moving name", None, f"{name}; pin a dated one")
    for name, day in served["ends"].items():
        yield Check("shutdown date", None, f"the provider shuts {name} down on {day}")
    for how in ("honoured", "ignored", "refused", "unclear"):
        names = [name for name, found in capabilities.items() if found == how]
        if names:
            yield Check(how, True if how == "honoured" else None, ", ".join(names))


def _promises(engine: Engine) -> Iterator[Check]:
    """Whether an engine that fteval does not know does what every engine must, on three short questions."""
    steps = {"identity": _identity, "answers": _answers}
    for name, step in steps.items():
        try:
            yield Check(name, True, step(engine))
        except UserError as error:
            yield Check(name, False, error.what, error.fix)
        except Exception as error:  # another's code may fail in any way
            yield Check(name, False, f"{type(error).__name__}: {error}")


def _identity(engine: Engine) -> str:
    first, again = (canonical(dict(engine.identity())) for _ in range(2))
    if first != again:
        raise UserError("identity() says something else each time: no answer would be used again")
    if "engine" not in engine.identity():
        raise UserError("identity() does not say which engine answers", fix='{"engine": NAME, "version": …, …}')
    return f"answers are kept for {first.decode()[:200]}"


def _answers(engine: Engine) -> str:
    prompts = [engine.prompt([Message("user", text)]) for text in PROBES]
    requests = [Request(f"preflight-{i}", f"preflight-{i}", prompt) for i, prompt in enumerate(prompts)]
    made = [g for group in engine.generate(requests, replace(Sampling(), max_tokens=16)) for g in group]
    if sorted(g.key for g in made) != [r.key for r in requests]:
        raise UserError(f"{len(requests)} requests gave answers to {sorted(g.key for g in made)}", fix="one per key")
    failed = [g.failure for g in made if g.failure is not None]
    if failed:
        raise UserError(failed[0].message)
    if any(not isinstance(g.text, str) for g in made):
        raise UserError("a generation without a failure has no text")
    return f"{len(made)} questions are answered, the first with {made[0].text!r:.80}"


def _template(engine: TransformersEngine) -> Iterator[Check]:
    template = engine.chat.template
    if not template:
        fix = "use the instruct version, or add chat_template.jinja"
        yield Check("chat template", False, "the tokenizer has no chat template", fix)
        return
    try:
        asked = [engine.prompt([Message("user", text)]).token_ids for text in PROBES]
    except UserError as error:
        yield Check("chat template", False, error.what, error.fix)
        return
    whose = "the adapter's own" if engine.chat.own_template else "the model's"
    dated = "strftime_now" in template
    why = "it writes today's date into the prompt: tomorrow's prompts are other prompts; compare runs of one day"
    yield Check("chat template", None if dated else True, why if dated else f"{whose} renders a question")
    told_apart = len(set(asked)) == len(asked) and all(map(engine.chat.encode, PROBES))
    yield Check(
        "questions",
        told_apart,
        "each question has tokens of its own"
        if told_apart
        else "different questions are the same tokens to this model",
        None
        if told_apart
        else "the tokenizer or the template loses what is asked: take those that belong to the model",
    )


def _bos(engine: TransformersEngine) -> Check:
    tokenizer = engine.chat.tokenizer
    if tokenizer.bos_token_id is None:
        return Check("one BOS", True, "the tokenizer has no BOS")
    if not engine.chat.template:
        return Check("one BOS", None, "not to be told without a chat template")
    try:
        ids = list(engine.prompt([Message("user", PROBES[0])]).token_ids or ())
    except UserError as error:
        return Check("one BOS", False, error.what, error.fix)
    count = ids.count(tokenizer.bos_token_id)
    # Where BOS is what opens each turn (ChatML's <|im_start|>), the template spells it out.
    if count > 1 and tokenizer.bos_token not in engine.chat.template:
        return Check("one BOS", None, f"BOS stands {count} times in a prompt: {ids[:8]} …", "look at the chat template")
    if count == 0 and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]:
        return Check(
            "one BOS", None, "the tokenizer would add a BOS, the chat template writes none", "look at the model's card"
        )
    return Check("one BOS", True, f"BOS {count} times; a prompt begins {ids[:6]} …")


def _tokenizer_file(engine: TransformersEngine) -> Check:
    """Whether the tokenizer as loaded splits text as the saved file says."""
    path = engine.located.folder / "tokenizer.json"
    backend = getattr(engine.chat.tokenizer, "backend_tokenizer", None)
    if backend is None or not exists(path):
        return Check("tokenizer", True, "loaded")
    from tokenizers import Tokenizer

    saved = Tokenizer.from_file(str(path))
    for text in (*PROBES, "It's 14 March 1990 (1990-03-14),\n\n“naïve” co-op: 3.5 %!  Über."):
        if saved.encode(text, add_special_tokens=False).ids != engine.chat.encode(text):
            return Check(
                "tokenizer",
                None,
                f"{type(engine.chat.tokenizer).__name__} splits text otherwise than tokenizer.json",
                "train and serve through AutoTokenizer, as here, or the model reads other tokens than it learnt",
            )
    return Check("tokenizer", True, "splits text as tokenizer.json says")


def same_prompt(engine: Engine, base: Engine) -> Check:
    """Whether candidate and base are asked in the same words, and read the same tokens."""
    ours, theirs = rendered_here(engine), rendered_here(base)
    if ours is None or theirs is None:
        return Check(SAME_PROMPT, None, "not to be told: one of them is not rendered here")
    return replace(same_chat(ours.chat, theirs.chat, f"{engine.ref} and {base.ref}"), name=SAME_PROMPT)


def same_chat(ours: Chat, theirs: Chat, who: str) -> Check:
    """Whether two models, `who`, are asked in the same words, and read the same tokens."""
    name = ADAPTER_TEMPLATE
    if not (ours.template and theirs.template):
        return Check(name, False, f"of {who} one has no chat template", "give both the same")
    for talk in TALKS:
        mine, its = (one.text_or_refusal(talk) for one in (ours, theirs))
        if mine != its:
            return Check(
                name,
                False,
                f"{who} have different chat templates: {_apart(mine[-1], its[-1])}",
                "give both the same chat template, or `allow: [template]` in fteval.yaml measures it with the change",
            )
    for text in PROBES:
        first, other = (list(one.prompt([Message("user", text)]).token_ids or ()) for one in (ours, theirs))
        if first != other:
            return Check(name, None, f"the same text, but other tokens: {first[:8]} … and {other[:8]} …")
    return Check(name, True, f"base and candidate read the same tokens for {len(PROBES)} questions")


def _adapter_template(engine: TransformersEngine) -> Check:
    """Whether an adapter is asked as the model that it lies on."""
    base = Chat(engine.located.folder)
    if not base.template:
        fix = "against this base: the base is asked by the adapter's template then"
        return Check(ADAPTER_TEMPLATE, None, "the base has no chat template, the adapter brought one", fix)
    return same_chat(engine.chat, base, "the adapter and its base")


def _apart(ours: str, theirs: str) -> str:
    """Both texts from a little before the place where they part."""
    place = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(map(len, (ours, theirs)))
    )
    start = max(0, place - 20)
    return f"{ours[start : start + 80]!r} and {theirs[start : start + 80]!r}"


def _base(engine: TransformersEngine) -> Iterator[Check]:
    """Whether the adapter was trained on a quantised copy of these weights."""
    folder = engine.located.adapter_folder
    if folder is not None and (said := quantised_base(folder)):
        given = f"trained on {said}, measured on {engine.located.ref.base} as it was given"
        yield Check("quantisation", None, given)


def _context(engine: TransformersEngine) -> Check:
    if engine.context is None:
        return Check("context", None, "the config names no context length, so long prompts are not refused")
    if engine.context < SHORT:
        return Check("context", None, f"{engine.context} tokens for prompt and answer together", "short prompts only")
    return Check("context", True, f"{engine.context} tokens for prompt and answer together")


def _stops(engine: TransformersEngine) -> Check:
    """Whether the model ends an answer by itself."""
    tokenizer = engine.chat.tokenizer
    if not engine.stop_ids:
        return Check("stop token", False, "neither the tokenizer nor the configs name a stop token", "set eos_token")
    names = ", ".join(str(tokenizer.convert_ids_to_tokens(i)) for i in sorted(engine.stop_ids))
    if not engine.chat.template:
        return Check("stop token", None, f"{names}; not to be tried without a chat template")
    room = max(1, min(128, (engine.context or 1024) // 2))
    requests = []
    for index, text in enumerate(PROBES):
        prompt = engine.prompt([Message("user", text)])
        requests.append(Request(f"preflight-{index}", f"preflight-{index}", prompt))
    try:
        answers = [g for group in engine.generate(requests, replace(Sampling(), max_tokens=room)) for g in group]
    except UserError as error:
        return Check("stop token", False, error.what, error.fix)
    failed = [g.failure for g in answers if g.failure is not None]
    if failed:
        return Check("stop token", False, failed[0].message)
    stopped = sum(g.finish_reason == "stop" for g in answers)
    if stopped == 0:
        return Check(
            "stop token",
            None,
            f"{names}: none of {len(answers)} probe answers ended within {room} tokens",
            "expected of models that write at length; else the stop token was masked in training",
        )
    return Check("stop token", True, f"{names}: {stopped} of {len(answers)} probe answers ended by themselves")
