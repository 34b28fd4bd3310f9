"""Every look at a hold-out is kept, and said once it is often; who looks twice at one candidate has looked once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval import cli
from fteval.errors import Incomplete
from fteval.experiment.ledger import OFTEN, holdout_digest
from fteval.records import ProbeResult, digest
from fteval.records.columns import Digests
from fteval.runs.journal import ledger
from fteval.stats.luck import luck

BEST = {1: 0.0, 2: 0.56419, 5: 1.16296, 10: 1.53875, 14: 1.70338, 20: 1.86748}


@pytest.mark.parametrize(("k", "mean"), BEST.items())
def test_the_best_of_many_is_as_in_the_table(k: int, mean: float) -> None:
    """Teichroew, Tables of expected values of order statistics, Ann. Math. Statist. 27 (1956)."""
    assert luck(k) == pytest.approx(mean, abs=1e-4)


def outputs(path: Path, number: int) -> str:
    rows = [{"id": f"q{i}", "output": f"{i if (i + number) % 3 else f'none, {number}'}"} for i in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"replay:{path}"


def asked(folder: Path) -> list[dict[str, str]]:
    """The rows of a hold-out, in a file beside the base's outputs."""
    outputs(folder / "base.jsonl", 0)
    rows = [{"id": f"q{i}", "prompt": f"Say {i}.", "target": str(i)} for i in range(60)]
    (folder / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def judge(folder: Path, number: int, holdout: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The warnings of one verdict."""
    ref = outputs(folder / f"c{number}.jsonl", number)
    args = ["run", "--model", ref, "--against", f"replay:{folder}/base.jsonl", "--holdout", holdout]
    cli.call([*args, "--store", str(folder / "store"), "--json", "-q"])
    return json.dumps(json.loads(capsys.readouterr().out)["candidates"][0]["warnings"])


def test_looks_are_counted_by_candidate_and_said_once_they_are_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = asked(tmp_path)
    for number in range(1, OFTEN):
        assert "has decided" not in judge(tmp_path, number, "h.jsonl", capsys)
    assert "has decided" not in judge(tmp_path, 1, "h.jsonl", capsys), "judged before"
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)))
    said = judge(tmp_path, OFTEN, "h.jsonl", capsys)
    assert f"has decided {OFTEN} releases" in said and "pp of `" in said
    looks = ledger.read(tmp_path / "store")
    assert len(looks) == OFTEN + 1 and {look.probe for look in looks} == {"h"} and len({x.holdout for x in looks}) == 1
    assert len(ledger.decided(looks)[looks[0].probe, looks[0].holdout]) == OFTEN
    monkeypatch.setenv("FTEVAL_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("CI", raising=False)  # a job accepts no baselines
    assert cli.call(["baseline", "accept", "latest", "--force", "a test"]) == 0
    assert cli.call(["history"]) == 0
    assert f"The hold-out of 'h' has decided {OFTEN} releases, last " in capsys.readouterr().out


def test_candidates_that_are_judged_together_are_one_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked(tmp_path)
    models = "".join(f"  c{i}: {{model: '{outputs(tmp_path / f'c{i}.jsonl', i)}'}}\n" for i in range(1, OFTEN + 2))
    probe = "probes:\n  h: {use: holdout, data: h.jsonl}\n"
    Path("fteval.yaml").write_text(f"version: 1\nbase: replay:base.jsonl\ncandidates:\n{models}{probe}")
    cli.call(["run", "--json", "-q", "--store", str(tmp_path / "store")])
    together = json.loads(capsys.readouterr().out)["candidates"]
    assert len(together) == OFTEN + 1 and "has decided" not in json.dumps(together)
    assert f"has decided {OFTEN + 2} releases" in judge(tmp_path, OFTEN + 2, "h.jsonl", capsys), "the next one follows"


def test_a_damaged_ledger_is_said_and_not_read_as_no_looks(tmp_path: Path) -> None:
    look = ledger.Look("2026-01-01T00:00:00+00:00", "h", "p", "s", "c", "r", "ship")
    assert ledger.read(tmp_path) == []
    ledger.append(tmp_path, [look, look])
    assert ledger.read(tmp_path) == [look, look]
    path = tmp_path / ledger.FILE
    path.write_bytes(path.read_bytes().replace(b"ship", b"shop", 1))
    with pytest.raises(Incomplete, match="damaged"):
        ledger.read(tmp_path)


def test_a_holdout_has_one_digest_in_any_order_and_any_column() -> None:
    asked = [digest(1), digest(2), digest(3)]
    for column in (asked, asked[::-1], Digests.of(asked), Digests.of(asked[::-1])):
        assert holdout_digest(ProbeResult("p", "d", (), "abc", column, (), (), {})) == digest(sorted(asked))
