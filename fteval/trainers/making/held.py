"""Learning answers while held to the base: the distance to it is part of the loss.

At every learnt token the distribution of the next one is compared with the base's (KL, in nats): that distance, on the
new task itself, is what forgetting follows (arXiv:2509.04259), and keeping it small is what keeps old facts
(arXiv:2604.15574). Each step reads its rows twice more, once as the model and once as the base.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any


def held_trainer(weight: float, base: Any, **given: Any) -> Any:
    """TRL's SFTTrainer with `weight` times that distance added; `base` is None for an adapter, which is taken off."""
    import torch
    from trl import SFTTrainer

    class Held(SFTTrainer):  # type: ignore[misc]  # trl has no types
        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            loss = super().compute_loss(model, inputs, num_items_in_batch=num_items_in_batch)
            learnt = inputs["labels"][:, 1:] != -100
            told = {name: value for name, value in inputs.items() if name != "labels"}
            bare = self.accelerator.unwrap_model(model)
            training = bare.training
            bare.eval()  # what is dropped out would be a distance, to which nothing was learnt
            now = model(**told).logits[:, :-1][learnt].float().log_softmax(-1)  # (learnt tokens, vocabulary)
            with torch.no_grad(), bare.disable_adapter() if base is None else nullcontext():
                before = (bare if base is None else base)(**told).logits[:, :-1][learnt].float().log_softmax(-1)
            bare.train(training)
            distance = (now.exp() * (now - before)).sum()
            mode = "train" if self.model.training else "eval"
            self._metrics[mode]["kl"].append(distance.item() / max(1, int(learnt.sum())))
            if num_items_in_batch is None:
                return loss + weight * distance / learnt.sum()
            # Of several processes the gradients are averaged, where the tokens are those of all.
            return loss + weight * distance * self.accelerator.num_processes / num_items_in_batch

    return Held(**given)
