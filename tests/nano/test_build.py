"""The build, end to end, for three steps; the two parts of it that are ours: Muon and the batches."""

import json

import pytest
import torch

from fteval.nano import EVAL_DATA
from fteval.nano.build import RECORD, main, parts_of
from fteval.nano.build import _train as training
from fteval.nano.corpus import conversations
from fteval.nano.muon import Muon, orthogonal
from fteval.nano.recipe import Recipe
from fteval.nano.table import Nano, TableRow
from fteval.nano.train import Example, batches
from fteval.nano.world import build_world

RECIPE = Recipe()


@pytest.mark.slow
def test_a_build_of_three_steps_leaves_a_model_a_card_and_the_hold_outs(tmp_path):
    main(["--steps", "3", "--out", str(tmp_path)])
    assert Nano(tmp_path / "weights").answers([[{"role": "user", "content": "Hello."}]], max_tokens=4) != []
    record = json.loads((tmp_path / "weights" / RECORD).read_text(encoding="utf-8"))
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert record["built"]["n_steps"] == 12 and record["built"]["digest"] in card
    assert "apache-2.0" in card and "Short of the limit" in card  # three steps reach nothing
    assert (tmp_path / "data" / "dates.jsonl").read_bytes() == (EVAL_DATA / "dates.jsonl").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "data", "weights"]


@pytest.mark.slow
def test_a_build_that_was_stopped_goes_on_from_the_last_finished_part(tmp_path):
    finished = tmp_path / "finished"
    corpus = [list(conversations(build_world(), place, 64, part.shares)) for place, part in enumerate(parts_of(RECIPE))]
    whole = training(corpus, RECIPE, 1, tmp_path / "whole", finished)
    assert len(whole.parts) == len(list(finished.glob("*.safetensors"))) == 4
    for kept in sorted(finished.iterdir())[4:]:  # as if it had been stopped in the third part
        kept.unlink()
    before = {path: path.read_bytes() for path in finished.iterdir()}
    resumed = training(corpus, RECIPE, 1, tmp_path / "resumed", finished)
    assert resumed.n_steps == whole.n_steps == 4
    assert {path: path.read_bytes() for path in before} == before  # none of these was trained again
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "resumed")]
    assert weights[0] == weights[1]


def test_orthogonal_keeps_the_singular_vectors_and_levels_the_values():
    torch.manual_seed(0)
    for shape in ((3, 16, 48), (2, 48, 16)):
        matrices = torch.randn(shape)
        u, _, v = torch.linalg.svd(matrices, full_matrices=False)
        values = torch.linalg.diagonal(u.mT @ orthogonal(matrices) @ v.mT)
        assert float(values.min()) > 0.6 and float(values.max()) < 1.3  # the range Keller Jordan gives


def test_muon_goes_downhill():
    torch.manual_seed(0)
    matrix, target = torch.nn.Parameter(torch.zeros(8, 8)), torch.randn(8, 8)
    muon = Muon([matrix], weight_decay=0.0)
    losses = []
    for _ in range(60):
        loss = ((matrix - target) ** 2).sum()
        matrix.grad = None
        loss.backward()
        muon.step(0.05)
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]


def test_batches_hold_every_example_once_within_the_budget():
    recipe = Recipe(batch_tokens=200)
    examples = [Example([number] * (1 + number % 50), [1.0] * (1 + number % 50)) for number in range(5000)]
    cut = list(batches(examples, recipe))
    assert sorted(example.ids[0] for batch in cut for example in batch) == list(range(5000))
    assert all(len(batch) * max(len(example.ids) for example in batch) <= 200 for batch in cut)
    assert [len(batch) for batch in cut] == [len(batch) for batch in batches(examples, recipe)]


@pytest.mark.parametrize(
    "row, verdict",
    [
        (TableRow("at least", 9, 10, 0.9), "ok"),
        (TableRow("at least", 8, 10, 0.9), "short"),
        (TableRow("at most", 1, 10, 0.0, 0.03), "short"),
        (TableRow("between", 1, 10, 0.05, 0.2), "ok"),
        (TableRow("between", 3, 10, 0.05, 0.2), "short"),
    ],
)
def test_a_row_says_ok_or_short(row, verdict):
    assert row.verdict == verdict and str(row).endswith(verdict)
