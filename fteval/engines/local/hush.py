"""What torchao says while it is imported, and peft imports it wherever it is installed, is no matter of the user's."""

from __future__ import annotations

import logging


def hush() -> None:
    """Before the first import of a model class or peft: nothing of kernels that a CPU has not, or of renamed names."""
    for name in ("torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)
