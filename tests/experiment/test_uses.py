"""A config's key that a probe has as a field of its own is the probe's."""

from __future__ import annotations

from pathlib import Path

import pytest

from fteval import config
from fteval.experiment.describe import config_probes

CONFIG = """\
version: 1
base: nano
candidates: {{mine: {{model: nano}}}}
probes:
  tone: {probe}
"""


@pytest.mark.parametrize(
    ("probe", "params", "judge"),
    [
        ("{use: style, reference: shakespeare}", {"reference": "shakespeare"}, None),  # a corpus, no model
        ("{use: style}", {}, None),
        ("{use: relevance, reference: nano}", {}, "nano"),
        ("{use: nonesuch, reference: nano}", {}, "nano"),
    ],
)
def test_a_reference_is_the_corpus_of_a_probe_that_has_one_and_else_a_judge(
    tmp_path: Path, probe: str, params: dict[str, str], judge: str | None
) -> None:
    path = tmp_path / "fteval.yaml"
    path.write_text(CONFIG.format(probe=probe))
    (use,) = config_probes(config.load(path))
    assert (dict(use.params), use.reference) == (params, judge)
