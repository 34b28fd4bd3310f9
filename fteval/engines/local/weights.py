"""A base model in memory, and the adapters on it: one load serves them all.

The base is the model with its adapters disabled. That this is the base, that an adapter is complete and that it does
anything at all is checked when it is attached, because PEFT warns at most.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from fteval.engines.local.batches import out_of_memory
from fteval.engines.local.decode import Model
from fteval.engines.local.folders import safetensors_header, saved_rows, trained_tokens, wraps_embedding
from fteval.engines.local.hush import hush
from fteval.errors import Incomplete, UserError

PROMPT_LEARNING = frozenset(
    ["PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "MULTITASK_PROMPT_TUNING", "CARTRIDGE", "CPT"]
)
"""Their virtual tokens stand before the padding, so only prompts of one length share a batch (peft#1093)."""


_UNKNOWN = "?"


def _name(digest: str) -> str:
    """PEFT's name for an adapter."""
    return f"adapter_{digest[-16:]}"


class Weights:
    """One base model and its adapters."""

    def __init__(
        self, folder: Path, dtype: str, device: str, *, pad: int, probes: Sequence[Sequence[int]], shared: bool
    ) -> None:
        """`probes` are the token ids of a few prompts, on which models are compared; `shared` weights also serve as
        the base, so an adapter on them must leave the base as it was."""
        self.folder, self.dtype, self.device, self.pad = folder, dtype, device, pad
        self.probes, self.shared = [list(ids) for ids in probes], shared
        self.module = load(folder, dtype, device)
        self.spoiled = False
        """Whether the base is known to be changed: load it anew."""
        self.tuned: Any = None  # the PeftModel that holds all adapters that change layers
        self._prompted: dict[str, Any] = {}  # a PeftModel for each adapter that is a learnt prompt
        self._plain: list[Any] | None = None  # the base's logits on the probes, before anything was attached
        self._attached: dict[str, str] = {}  # digest -> peft type
        self._refused: dict[str, UserError] = {}
        self._active: str | None = _UNKNOWN
        self._models: dict[str | None, Model] = {}

    @property
    def embeddings(self) -> int:
        """Rows of the input embedding: token ids must be below it."""
        return int(self.module.get_input_embeddings().weight.shape[0])

    def holds(self, digest: str) -> bool:
        return digest in self._attached

    def attach(self, folder: Path, digest: str, config: dict[str, Any]) -> None:
        """Puts an adapter on the base, checked; again is nothing.

        Raises UserError when it does not fit the base, lacks or has other weights than its config says, has no effect,
        or when the base is not the base any more with the adapter disabled.
        """
        if digest in self._refused:
            raise self._refused[digest].with_traceback(None)
        if digest in self._attached:
            return
        try:
            self._attach(folder, digest, config)
        except UserError as error:
            self._attached.pop(digest, None)
            self._refused[digest] = error  # PEFT keeps what it could load, so there is no second try
            raise

    def _attach(self, folder: Path, digest: str, config: dict[str, Any]) -> None:
        hush()
        import peft

        kind = str(config["peft_type"]).upper()
        self._resize(folder, config)
        if self._plain is None:
            self._plain = self.logits(self.use(None))
        name = _name(digest)
        self._active = _UNKNOWN  # PEFT activates what it adds
        with quiet():
            try:
                settings = peft.PeftConfig.from_pretrained(str(folder))
                settings.inference_mode = True
                if kind in PROMPT_LEARNING or self.tuned is None:
                    tuned = peft.PeftModelForCausalLM(self.module, settings, adapter_name=name)
                    if kind in PROMPT_LEARNING:
                        self._prompted[digest] = tuned
                    else:
                        self.tuned = tuned
                else:
                    tuned = self.tuned
                    tuned.add_adapter(name, settings)
                result = tuned.load_adapter(str(folder), name, torch_device=self.device)
            except (RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
                raise UserError(
                    f"the adapter does not fit this base: {_first_line(error)}",
                    where=str(folder),
                    fix="put it on the base that it was trained on",
                ) from error
        self._attached[digest] = kind
        self._check_keys(tuned, name, kind, folder, result)
        with quiet():
            self._check_effect(folder, digest)

    def _resize(self, folder: Path, config: dict[str, Any]) -> None:
        """As many rows of the embedding as the adapter was trained with; those that it brings replace them.

        PEFT draws new rows at random. Where an adapter brings none for a new token they are the mean of the others.
        """
        had, tokens = self.embeddings, trained_tokens(config)
        rows = saved_rows(folder, self.module.config.to_dict()) or max([had, *(i + 1 for i in tokens)])
        if rows == had:
            return
        with quiet(), torch.no_grad():
            self.module.resize_token_embeddings(rows, mean_resizing=False)
            for layer in (self.module.get_input_embeddings(), self.module.get_output_embeddings()):
                if layer is not None and rows > had:
                    layer.weight[had:] = layer.weight[:had].float().mean(0).to(layer.weight.dtype)

    def use(self, digest: str | None) -> Model:
        """The model with one adapter active, or as the base, until the next call."""
        kind = self._attached[digest] if digest is not None else None
        in_layers = digest if kind not in PROMPT_LEARNING else None
        if self.tuned is not None and in_layers != self._active:
            if in_layers is None:
                self.tuned.base_model.disable_adapter_layers()
            else:
                self.tuned.base_model.enable_adapter_layers()
                self.tuned.set_adapter(_name(in_layers), inference_mode=True)
            self._active = in_layers
        if digest not in self._models:
            if digest is not None and kind in PROMPT_LEARNING:
                model = Model(self._prompted[digest], self.module, self.pad, why_not="a learnt prompt")
            elif digest is None or kind == "LORA":  # LoRA lives in the layers: no need to go through PEFT
                model = Model(self.module, self.module, self.pad)
            else:
                model = Model(self.tuned, self.module, self.pad)
            self._models[digest] = model
        return self._models[digest]

    def _check_keys(self, tuned: Any, name: str, kind: str, folder: Path, result: Any) -> None:
        """Raises UserError for weights that the adapter's config wants and the file lacks, or the other way round."""
        from peft import get_peft_model_state_dict

        wanted = set(get_peft_model_state_dict(tuned, adapter_name=name, save_embedding_layers=False))
        found = set(safetensors_header(folder / "adapter_model.safetensors")) - {"__metadata__"}
        # What PEFT itself had no place for; a learnt prompt is not part of the model, so PEFT cannot tell.
        unexpected = found - wanted if kind in PROMPT_LEARNING else set(result.unexpected_keys)
        # Of a resized embedding PEFT saves the parts of its wrapper too, and has no place for them itself.
        unexpected = {key for key in unexpected if not wraps_embedding(key)}
        problems = []
        for words, keys in (("lacks", sorted(wanted - found)), ("has unexpected", sorted(unexpected))):
            if keys:
                problems.append(f"{words} {len(keys)} weights: {', '.join(keys[:5])}{', …' if len(keys) > 5 else ''}")
        if problems:
            raise UserError(
                f"the adapter {'; it '.join(problems)}",
                where=str(folder / "adapter_model.safetensors"),
                fix="it was made for another architecture or saved in part: save it again from the training",
            )

    def _check_effect(self, folder: Path, digest: str) -> None:
        assert self._plain is not None
        changed = self.logits(self.use(digest))
        if all(torch.equal(a, b) for a, b in zip(self._plain, changed, strict=True)):
            raise UserError(
                f"adapter has no effect on {len(self.probes)} probe prompts",
                where=str(folder),
                fix="was it trained? an adapter that was only initialised has lora_B at zero",
            )
        if not self.shared:
            return
        base = self.logits(self.use(None))
        for before, after in zip(self._plain, base, strict=True):
            if not torch.allclose(before, after, rtol=1e-4, atol=1e-4, equal_nan=True):
                self.spoiled = True
                raise UserError(
                    "with the adapter disabled the base is not the base any more",
                    where=str(folder),
                    fix="it changes the base for good: merge it into a full model and measure that",
                )

    @torch.no_grad()
    def logits(self, model: Model) -> list[Any]:
        """Logits at every position of every probe, through a plain forward."""
        found = []
        for ids in self.probes:
            batch = torch.tensor([ids], device=model.device)
            found.append(model.module(input_ids=batch, attention_mask=torch.ones_like(batch)).logits.float().cpu())
        return found


def load(folder: Path, dtype: str, device: str) -> Any:
    """A causal model from safetensors, in evaluation mode. Raises UserError for what does not load whole."""
    hush()
    from transformers import AutoModelForCausalLM, GenerationConfig

    with quiet():
        try:
            module, report = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=getattr(torch, dtype),
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
        except Exception as error:  # safetensors and the model classes raise types of their own
            if out_of_memory(error):
                raise Incomplete(
                    "out of memory while loading the model", where=str(folder), fix="a smaller --dtype"
                ) from error
            raise UserError(f"the model cannot be loaded: {_first_line(error)}", where=str(folder)) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise UserError(
            f"the checkpoint lacks {len(missing)} weights: {', '.join(missing[:5])}{', …' if len(missing) > 5 else ''}",
            where=str(folder),
            fix="they would be random numbers; save the whole model again",
        )
    # Nothing that a checkpoint recommends may decide how tokens are chosen: Qwen2.5's asks for a repetition penalty.
    module.generation_config = GenerationConfig(
        eos_token_id=module.generation_config.eos_token_id, pad_token_id=module.generation_config.pad_token_id
    )
    try:
        return module.to(device).eval()
    except RuntimeError as error:
        if out_of_memory(error):
            raise Incomplete(
                f"the model does not fit on {device}", where=str(folder), fix="a smaller --dtype, or --device cpu"
            ) from error
        raise


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' progress bars and warnings: what matters in them is an error here."""
    from transformers.utils import logging as noise

    level, bars = noise.get_verbosity(), noise.is_progress_bar_enabled()
    noise.set_verbosity(logging.CRITICAL)
    noise.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        noise.set_verbosity(level)
        if bars:
            noise.enable_progress_bar()


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines[:2]) if lines else type(error).__name__
    return text if len(text) <= 300 else text[:299] + "…"
