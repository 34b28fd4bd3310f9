"""A report as markdown for a file, a pull request or a step summary: verdict first, details folded away.

Untrusted text stands in fences and code spans only; `escape.py` says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fteval.records import Comparison, Flip, Judged, RunRecord
from fteval.reports import run_view, view
from fteval.reports.escape import clip, code, comment, fence, inline, summary, visible
from fteval.reports.measured import Measured
from fteval.reports.view import SIGNS, CandidateView, ComparisonView, DriftRow, FlipGroup, MetricRow, Verdict

ICONS = {"ship": "✅", "do_not_ship": "❌", "cannot_tell": "❓", "incomplete": "⚠️", "measured": "📏"}
RESULTS = {"pass": "✅ pass", "fail": "❌ fail", "inconclusive": "❓ inconclusive", "incomplete": "⚠️ incomplete"}
REGRESSIONS, IMPROVEMENTS, SLICES, CHARACTERS = 5, 2, 40, 1200
"""What is shown of each; the rest is counted and stays in the store."""


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    """The report of a comparison, or of a single run with its `worst` answers. Valid UTF-8 whatever the models said."""
    blocks = _run(subject, worst) if isinstance(subject, RunRecord) else _comparison(subject)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _comparison(comparison: Comparison) -> Iterable[str]:
    v = view.of_comparison(comparison)
    yield comment("comparison", v.id)
    yield _headline(v.verdict)
    several = len(v.candidates) > 1
    if not several:
        yield inline(v.candidates[0].summary)
    # The base's warnings count for every candidate.
    yield _warnings([*v.warnings, *(v.candidates[0].warnings if not several else ())])
    if several:
        yield _overview(v)
    for candidate in v.candidates:
        if several:
            yield _headline(candidate.verdict).replace("### ", "#### ", 1).replace(" fteval:", "", 1)
            yield inline(candidate.summary)
            yield _warnings(candidate.warnings)
        yield from _candidate(candidate, comparison)


def _headline(verdict: Verdict) -> str:
    return f"### {ICONS[verdict.word]} fteval: {verdict.phrase} {code(verdict.name)}: {inline(verdict.reason)}"


def _candidate(v: CandidateView, comparison: Comparison) -> Iterable[str]:
    yield _table(
        ["Gate", "Rule", "Measured", "Result"],
        "llll",
        [
            [code(g.name, table=True), inline(g.rule), inline(g.measured), f"{RESULTS[g.result]}: {inline(g.reason)}"]
            for g in v.gates
        ],
    )
    yield _changes("Metric (samples scored)", v.metrics)
    yield f"{view.LEGEND}. {view.READING}" if v.metrics else ""
    yield _slices(v)
    path = next((c.run.path for c in comparison.candidates if c.name == v.name), "")
    for group in v.flips:
        yield _flips(group, path)
    yield _details("How the answers changed beside their scores (base → candidate)", _drift(v.drift))
    yield _details("How this was measured", _measured(v.measured, ["", "base", "candidate"]))


def _overview(v: ComparisonView) -> str:
    """Candidates side by side: each one's primary metrics and what its gates said."""
    names = list(dict.fromkeys(m.name for c in v.candidates for m in c.metrics if m.primary))
    rows = []
    for c in v.candidates:
        found = {m.name: f"{SIGNS[m.tone]} {inline(m.change)} {inline(m.interval)}" for m in c.metrics if m.primary}
        verdict = f"{ICONS[c.verdict.word]} {c.verdict.word.replace('_', ' ')}: {inline(c.verdict.reason)}"
        rows.append([code(c.name, table=True), *(found.get(name, "") for name in names), verdict])
    return _table(["Candidate", *(code(n, table=True) for n in names), "Verdict"], "l" + "r" * len(names) + "l", rows)


def _changes(title: str, rows: Sequence[MetricRow], doubt: str = "") -> str:
    return _table(
        [title, "base", "candidate", "difference, 95 % interval", "better / worse"],
        "lrrrr",
        [
            [
                f"{_sign(m, doubt)} {code(m.name, table=True)} ({m.n_in_groups})",
                inline(m.base),
                inline(m.candidate),
                f"{_strong(m)} {inline(m.interval)}".strip(),
                f"{m.better} / {m.worse}",
            ]
            for m in rows
        ],
    )


def _sign(row: MetricRow, doubt: str) -> str:
    return SIGNS[row.tone] + (doubt if row.tone in ("good", "bad") else "")


def _strong(row: MetricRow) -> str:
    return f"**{inline(row.change)}**" if row.tone in ("good", "bad") else inline(row.change)


def _slices(v: CandidateView) -> str:
    if not v.slices:
        return ""
    bad = sum(row.tone == "bad" for row in v.slices)
    body = _changes("Slice (samples scored)", v.slices[:SLICES], doubt="?")
    hidden = f" {len(v.slices) - SLICES} more are not shown." if len(v.slices) > SLICES else ""
    note = f"Many slices are many looks: about one in twenty stands out by chance. They say where to look.{hidden}"
    return _details(f"Slices: {bad} of {len(v.slices)} worth a look", f"{body}\n\n{note}")


def _flips(group: FlipGroup, path: str) -> str:
    if not group.regressions and not group.improvements:
        return ""
    worse, better = group.regressions[:REGRESSIONS], group.improvements[:IMPROVEMENTS]
    blocks = [_flip(f, path) for f in worse]
    if better:
        blocks += [f"**Better** (showing {len(better)} of {group.better})", *(_flip(f, path) for f in better)]
    title = f"{group.name}: {view.answers(group.worse)} got worse, {group.better} better (showing {len(worse)} worse)"
    return _details(title, "\n\n".join(blocks))


def _flip(flip: Flip, path: str) -> str:
    head = f"{code(flip.sample.id)} · {_score(flip.base_score)} → {_score(flip.candidate_score)}"
    parts = [
        ("PROMPT", flip.sample.prompt_text),
        *_target(flip.sample.target),
        ("BASE", flip.base_text),
        ("CANDIDATE", flip.candidate_text),
        *([("WHY", flip.reason)] if flip.reason else []),
    ]
    return f"{head}\n{fence(_labelled(parts, path))}"


def _target(target: object) -> list[tuple[str, str]]:
    return [] if target is None else [("WANTED", str(target))]


def _labelled(parts: Sequence[tuple[str, str]], path: str) -> str:
    """Labels in a column, and every further line of a text indented under it, so that no answer can pose as a label."""
    lines = []
    for label, text in parts:
        shown = visible(clip(text, CHARACTERS, path)) or "(empty)"
        lines += [f"{label if i == 0 else '':<10} {line}".rstrip() for i, line in enumerate(shown.split("\n"))]
    return "\n".join(lines)


def _score(value: float | None) -> str:
    return "not scored" if value is None else f"{value:g}" if value in (0, 1) else f"{value:.3g}"


def _run(run: RunRecord, worst: Sequence[Judged]) -> Iterable[str]:
    v = run_view.of_run(run, worst)
    yield comment("run", v.id)
    yield f"### 📏 fteval: {code(v.ref)} measured; nothing to compare it with, so no verdict"
    yield _warnings(v.warnings)
    yield _table(
        ["Metric (samples scored)", "value", "95 % interval", "by chance"],
        "lrrr",
        [
            [f"{code(m.name, table=True)} ({m.n})", inline(m.value), inline(m.interval), inline(m.chance)]
            for m in v.metrics
        ],
    )
    if v.worst:
        blocks = [
            f"{code(f'{j.probe}.{j.metric}')} {code(j.sample.id)} · {_score(j.score)}\n" + fence(_judged(j, v.path))
            for j in v.worst
        ]
        yield _details(f"The {len(v.worst)} lowest-scored answers", "\n\n".join(blocks))
    yield _details("How it answered", _drift(v.behaviour))
    yield _details("How this was measured", _measured(v.measured, ["", ""]))


def _judged(judged: Judged, path: str) -> str:
    why = [("WHY", judged.reason)] if judged.reason else []
    parts = [("PROMPT", judged.sample.prompt_text), *_target(judged.sample.target), ("ANSWER", judged.text), *why]
    return _labelled(parts, path)


# --- blocks --------------------------------------------------------------------------------------


def _warnings(warnings: Sequence[str]) -> str:
    # One quoted paragraph per warning; `>` lines that touch would run together.
    return "\n>\n".join(f"> ⚠ {inline(w)}" for w in dict.fromkeys(warnings))


def _drift(rows: Sequence[DriftRow]) -> str:
    return _table(
        ["Probe", "tokens per answer", "empty", "cut off", "failed"],
        "lrrrr",
        [[code(d.probe, table=True), *map(inline, (d.tokens, d.empty, d.truncated, d.errors))] for d in rows],
    )


def _measured(measured: Measured, header: Sequence[str]) -> str:
    rows = [[inline(row[0]), *(code(cell, table=True) for cell in row[1:])] for row in measured.rows]
    notes = "\n".join(f"- {label}: {code(text, 500)}" for label, text in (n.split(": ", 1) for n in measured.notes))
    return f"{_table(header, 'l' * len(header), rows)}\n\n{notes}"


def _table(header: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are escaped already; nothing where there are no rows."""
    if not rows:
        return ""
    marks = {"l": "---", "r": "--:"}
    lines = [header, [marks[a] for a in align], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _details(title: str, body: str) -> str:
    # Blank lines on both sides, or GitHub reads the body as HTML.
    return f"<details><summary>{summary(title)}</summary>\n\n{body}\n\n</details>" if body else ""
