"""The embedded model (floor 3): a little world, the corpus told about it, the recipe that trains on it, its weights."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
"""Folder that `transformers` loads as it stands: config, tokenizer with its chat template, safetensors."""
EVAL_DATA = Path(__file__).parent.parent / "evals" / "data"
"""Where the packaged hold-outs lie; probes read them as data and never import this package."""
