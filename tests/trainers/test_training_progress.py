"""When a training is given up."""

from __future__ import annotations

import math

import pytest

from fteval.errors import Incomplete
from fteval.trainers.making.progress import check_learnt


@pytest.mark.parametrize(
    ("losses", "fine"),
    [
        ([3.0, 2.0, 1.0], True),
        ([3.0, 3.1, 3.2], True),  # no better, but that is for the probes to say
        ([8.7, 9.1, 9.4], True),  # worse than guessing from the start, and noisy
        ([1.0, 5.0, 6.0], True),  # tripled, still better than guessing among 1000: ln 1000 = 6.9
        ([1.0, 5.0, 7.0], False),
        ([4.0, 50.0, 90.0], False),
        ([0.5] * 90 + [20.0] + [0.5] * 9, True),  # a spike that was overcome: the last tenth has mean 0.5
        ([0.5] * 80 + [20.0] * 20, False),
    ],
)
def test_a_loss_that_exploded_is_not_a_candidate(losses: list[float], fine: bool) -> None:
    assert math.isclose(math.log(1000), 6.9, abs_tol=0.01)
    if fine:
        check_learnt(losses, 1000, 5e-4)
    else:
        with pytest.raises(Incomplete, match="diverged"):
            check_learnt(losses, 1000, 5e-4)
