"""The gallery: what the examples claim stands in their reports, and the pages say it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from claims import Report, Row, claims, outcome, read
from gallery import remade
from gallery_doc import page, with_table

from fteval import cli

ROOT = Path(__file__).resolve().parent.parent
CLAIMS = claims()
KEPT = [(claim, report) for claim in CLAIMS for report in claim.checks]


def test_every_example_has_a_claim() -> None:
    assert {c.folder.name for c in CLAIMS} == {p.parent.name for p in (ROOT / "examples").glob("*/README.md")}


@pytest.mark.parametrize(("claim", "report"), KEPT, ids=[f"{c.folder.name}/{r}" for c, r in KEPT])
def test_what_is_claimed_stands_in_the_kept_report(claim, report) -> None:
    said = read(claim.folder / report)
    found = {check: outcome(check, said) for check in claim.checks[report]}
    assert found
    assert not {check: one.says for check, one in found.items() if not one.holds}


def test_the_page_and_the_readme_are_as_the_claims_say() -> None:
    assert (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8") == page(), "python scripts/gallery_doc.py"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"(examples/{claim.folder.name}/README.md)" in readme for claim in CLAIMS)
    assert readme == with_table(readme), "python scripts/gallery_doc.py"


SAID = Report(
    {"sft": "do not ship"},
    {
        ("sft", "facts.correct"): Row("98.4 %", "89.6 %", "−8.9 pp", "−12.7 pp", "−6.0 pp"),
        ("sft", "laziness.words"): Row("1,018 words", "7.0 words", "−1,011 words", "no interval", "no interval"),
    },
)


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        ("sft facts.correct high < -5pp", True),
        ("sft facts.correct high < -6pp", False),
        ("sft facts.correct high <= -6pp", True),
        ("sft facts.correct candidate > 89%", True),
        ("sft facts.correct candidate > 0.89", False),  # a share says its unit
        ("sft laziness.words base = 1018", True),
        ("sft laziness.words low < 0", False),  # an interval that is not there is below nothing
        ("sft facts.invented candidate <= 5%", False),
        ("grpo facts.correct high < -5pp", False),
        ("sft verdict = do not ship", True),
        ("sft verdict = ship", False),
        ("grpo verdict = do not ship", False),
        ("s* verdict = do not ship", True),
        ("*t facts.correct high < -5pp", True),
    ],
)
def test_a_check_holds_only_where_the_report_says_so(check: str, holds: bool) -> None:
    assert outcome(check, SAID).holds is holds


def test_a_check_of_several_candidates_holds_of_none() -> None:
    assert not outcome("* verdict = ship", Report({"one": "ship", "two": "ship"})).holds


@pytest.mark.parametrize("check", ["", "sft facts.correct", "sft verdict = maybe", "sft facts.correct mean > 1"])
def test_a_check_that_is_none_is_an_error(check: str) -> None:
    with pytest.raises(ValueError, match="not a check"):
        outcome(check, SAID)


@pytest.mark.parametrize("names", [("one",), ("one", "two")])
def test_a_report_is_read_as_the_verdict_has_it(names: tuple[str, ...], tmp_path: Path) -> None:
    """Held against verdict.json of the same run."""
    rows = [{"id": str(n), "prompt": f"What is {n} + {n}?", "target": str(2 * n)} for n in range(60)]
    right = {"base": 50, "one": 55, "two": 20}
    for name, n_right in right.items():
        said = [{"id": row["id"], "output": row["target"] if n < n_right else "?"} for n, row in enumerate(rows)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    candidates = "".join(f'  {name}: {{model: "replay:{tmp_path}/{name}.jsonl"}}\n' for name in names)
    config = tmp_path / "fteval.yaml"
    config.write_text(
        f'version: 1\nbase: "replay:{tmp_path}/base.jsonl"\ncandidates:\n{candidates}'
        "probes:\n  sums: {use: holdout, data: rows.jsonl, score: [exact]}\n"
        "gates:\n  - {probe: sums, metric: exact, max_drop: 10pp}\n"
    )
    outputs = [tmp_path / "report.md", tmp_path / "verdict.json"]
    told = [word for path in outputs for word in ("-o", str(path))]
    assert cli.call(["run", "-c", str(config), "--store", str(tmp_path / "store"), *told, "-q"]) in (0, 1, 4)
    report, verdict = read(outputs[0]), json.loads(outputs[1].read_text())
    assert set(report.verdicts) == set(names)
    for candidate in verdict["candidates"]:
        name, (metric,) = candidate["name"], candidate["metrics"]
        assert report.verdicts[name] == candidate["verdict"].replace("_", " ")
        for column in ("base", "candidate", "difference", "low", "high"):
            value = 100 * metric[column]
            unit = "%" if column in ("base", "candidate") else "pp"
            for check, holds in ((f"> {value - 0.1:.2f}", True), (f"< {value - 0.1:.2f}", False)):
                assert outcome(f"{name} sums.exact {column} {check}{unit}", report).holds is holds


@pytest.mark.parametrize(
    ("command", "check", "wrong"),
    [
        ("cp kept.md report.md", "answers edit.reverse candidate <= 5%", []),
        (
            "cp kept.md report.md",
            "answers edit.reverse candidate > 5%",
            ["report.md: answers edit.reverse candidate > 5%: "],
        ),
        ("cp kept.md report.md; exit 1", "answers verdict = do not ship", []),  # a gate failed: that is an outcome
        ("cp kept.md report.md; exit 3", "answers verdict = do not ship", ["cp kept.md report.md; exit 3: exit 3"]),
        ("true", "answers verdict = do not ship", ["no report.md was written"]),  # nor is an old one read
    ],
)
def test_an_example_holds_where_its_commands_end_and_the_new_report_says_so(
    command: str, check: str, wrong: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "examples" / "one"
    folder.mkdir(parents=True)
    for name in ("kept.md", "report.md"):
        shutil.copy(ROOT / "examples" / "romeo" / "report.md", folder / name)
    said = {"theme": "facts", "claim": "c", "short": "s", "nano": "n"}
    (folder / "claim.yaml").write_text(json.dumps(said | {"commands": [command], "checks": {"report.md": [check]}}))
    (claim,) = claims(tmp_path / "examples")
    found = remade(claim, folder).wrong
    assert len(found) == len(wrong)
    assert all(line.startswith(begins) for line, begins in zip(found, wrong, strict=True))


@pytest.mark.slow
def test_a_claim_holds_when_its_example_is_made_again(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "gallery.py"), "dont-finetune", "--into", str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "examples" / "dont-finetune" / "report.md").is_file()
    assert done.stdout.endswith("1 of 1 hold\n")
