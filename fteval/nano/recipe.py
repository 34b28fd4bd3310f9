"""Everything that decides nano's weights, in one record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """Found by trials on two cores; the card tells what was measured with the recipe as it stands."""

    seed: int = 1597
    n_conversations: int = 160_000
    n_late: int = 60_000
    """Conversations of the late part, where passages and facts have larger shares (`corpus.LATE_SHARES`)."""
    early_steps: int = 2000
    """The late part takes over after so many batches; it is trained on whole."""
    early_schedule: int = 3102
    """The step at which the early part's rates would be zero; when the late part takes over they are at `late_rate`."""
    late_rate: float = 0.44
    """Share of the rates below with which the late part begins."""
    n_closing: int = 32_000
    """Conversations of the closing part (`corpus.CLOSING_SHARES`)."""
    closing_steps: int = 400
    closing_rate: float = 0.35
    """Share of the rates below with which the closing part begins; at its end they are zero."""
    n_refining: int = 160_000
    """Conversations of the refining part (`corpus.REFINING_SHARES`)."""
    refining_steps: int = 2400
    refining_rate: float = 0.45
    vocabulary: int = 1500
    hidden: int = 192
    feed_forward: int = 512
    layers: int = 5
    heads: int = 6
    """Of 32 dimensions each."""
    key_value_heads: int = 3
    max_positions: int = 512
    batch_tokens: int = 4096
    """Per step, padding included. Conversations of like length share a batch and each starts at position 0."""
    matrix_rate: float = 0.02
    """Muon's, for the matrices inside the layers."""
    rate: float = 3e-3
    """AdamW's, for embeddings, norms and biases."""
    weight_decay: float = 0.05
    warmup_steps: int = 50
    prompt_weight: float = 0.05
    """Loss weight of a token outside the answers. At 1.0 the model spends itself on predicting random names."""
