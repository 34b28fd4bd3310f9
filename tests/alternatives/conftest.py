"""What every test of alternatives may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fteval.engines import Pool


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """Engines on the CPU; weights are loaded once for all tests here."""
    with Pool(device="cpu") as pool:
        yield pool
