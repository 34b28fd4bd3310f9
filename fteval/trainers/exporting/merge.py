"""An adapter's change put into the weights of its base, in float32, and held against the adapter at once."""

from __future__ import annotations

from typing import Any

import torch

from fteval.engines.local.decode import Model
from fteval.engines.local.folders import Located
from fteval.engines.local.weights import Weights, quiet
from fteval.errors import Incomplete, UserError

APART = 1e-3
"""Of the largest logit: float32 rounds other sums to within 1e-5 of it, a wrong scale is off by a tenth and more."""


def merged(located: Located, probes: list[list[int]]) -> Any:
    """The model in float32 with the adapter's change in its own weights; a full model as it is.

    `probes` are token ids of a few prompts. Raises UserError for an adapter that cannot be merged, Incomplete where
    what came out computes other logits than base and adapter do.
    """
    weights = Weights(located.folder, "float32", "cpu", pad=0, probes=probes, shared=False)
    if located.adapter is None or located.adapter_folder is None or located.adapter_config is None:
        return weights.module
    weights.attach(located.adapter_folder, located.adapter, located.adapter_config)
    wanted = weights.logits(weights.use(located.adapter))
    tied = _untied(weights.tuned)
    try:
        with quiet():
            module = weights.tuned.merge_and_unload(safe_merge=True)
    except (AttributeError, NotImplementedError, TypeError, ValueError) as error:
        kind = located.adapter_config["peft_type"]
        raise UserError(
            f"this adapter ({kind}) cannot be merged: {str(error).splitlines()[0][:200]}",
            where=str(located.adapter_folder),
            fix="ship the adapter's folder beside its base",
        ) from error
    if tied:
        _tie(module)
    check_same(wanted, weights.logits(Model(module, module, 0)), str(located.adapter_folder))
    return module


def check_same(wanted: list[Any], found: list[Any], where: str) -> None:
    """Raises Incomplete where logits differ by more than rounding; both are tensors by probe."""
    largest = max(float(one.abs().max()) for one in wanted)
    apart = max(float((a - b).abs().max()) for a, b in zip(wanted, found, strict=True))
    if not apart <= APART * largest:  # NaN is apart
        raise Incomplete(
            f"the merged weights compute something else than the adapter: logits of up to {largest:.3g} are "
            f"{apart:.3g} apart",
            where=where,
            fix="update peft, or ship the adapter's folder beside its base; `fteval doctor` looks at the adapter",
        )


def _untied(model: Any) -> bool:
    """Gives a tied output embedding numbers of its own, and says whether it was tied: what is added to one of two
    matrices that are one is added to both."""
    ends = _ends(model)
    if ends is None or ends[0].weight is not ends[1].weight:
        return False
    ends[1].weight = torch.nn.Parameter(ends[0].weight.detach().clone(), requires_grad=False)
    return True


def _tie(module: Any) -> None:
    """Ties what is still the same, and has the config say which of both it is."""
    ends = _ends(module)
    assert ends is not None
    same = ends[0].weight.shape == ends[1].weight.shape and torch.equal(ends[0].weight, ends[1].weight)
    if same:
        ends[1].weight = ends[0].weight
    for config in (module.config, module.config.get_text_config()):
        config.tie_word_embeddings = same


def _ends(model: Any) -> tuple[Any, Any] | None:
    """The layers whose weights are the input and the output embedding, out of what PEFT wraps around them."""
    found = [model.get_input_embeddings(), model.get_output_embeddings()]
    for place, layer in enumerate(found):
        while layer is not None and (inner := _inside(layer)) is not None:
            layer = inner
        found[place] = layer
    first, last = found
    return None if first is None or last is None else (first, last)


def _inside(layer: Any) -> Any:
    return getattr(layer, "original_module", None) or getattr(layer, "base_layer", None)
