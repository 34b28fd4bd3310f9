"""A report as markdown for a file, a pull request or a step summary: verdict first, details folded away.

Untrusted text stands in fences, code spans and escaped running text only; `escape.py` says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fteval.records import Comparison, Flip, Judged, RunRecord
from fteval.reports.escape import code, fence, inline, marker
from fteval.reports.markdown import blocks, markdown_run
from fteval.reports.markdown.series import trainings
from fteval.reports.view import bill, rows, run_view, view, words
from fteval.reports.view.detail import Detail
from fteval.reports.view.rows import FlipGroup, GateRow, MetricRow
from fteval.reports.view.view import CandidateView, ComparisonView, Verdict
from fteval.reports.view.words import SIGNS

ICONS = {"ship": "✅", "do_not_ship": "❌", "cannot_tell": "❓", "incomplete": "⚠️", "measured": "📏"}
RESULTS = {"pass": "✅ pass", "fail": "❌ fail", "inconclusive": "❓ inconclusive", "incomplete": "⚠️ incomplete"}
WHOLE = Detail()


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    """The report of a comparison, or of a single run with its `worst` answers. Valid UTF-8 whatever the models said."""
    if isinstance(subject, RunRecord):
        body, first = markdown_run.page(run_view.of_run(subject, worst), WHOLE), marker(run=subject.id)
    else:
        body, first = page(view.of_comparison(subject), WHOLE), marker(comparison=subject.id)
    return f"{first}\n\n{body}\n"


def page(v: ComparisonView, detail: Detail) -> str:
    """The report of a comparison without a first line of its own, with as much in it as `detail` says."""
    return blocks.joined([headline(v.verdict, detail.text), *body(v, detail)])


def headline(verdict: Verdict, text: int) -> str:
    """The verdict and its reason in words."""
    name, reason = code(verdict.name, min(text, 200)), inline(verdict.reason, max(text, 300))
    return f"### {ICONS[verdict.word]} fteval: {verdict.phrase} {name}: {reason}"


def body(v: ComparisonView, detail: Detail) -> Iterator[str]:
    """Everything under the verdict."""
    chosen = v.chosen
    yield blocks.advice(v.advice, detail.text)
    if not v.crowd:
        yield inline(chosen.summary, detail.text)
        # The base's warnings count for every candidate.
        yield blocks.warnings(view.gravest_first([*v.warnings, *chosen.warnings]), detail.text, detail.warnings)
        yield from _candidate(chosen, v.floor, detail)
        yield blocks.people(v.people, v.people_notes)
        return
    shown = sorted(v.candidates, key=lambda c: c.name != chosen.name)[: detail.candidates]
    yield blocks.warnings(v.warnings, detail.text, detail.warnings)
    for series in v.series:
        yield trainings(series)
    yield _overview([c for c in v.candidates if c in shown], detail)
    if len(shown) < len(v.candidates):
        yield f"{len(v.candidates) - len(shown):,} more candidates are not shown."
    yield v.crowd
    if v.costs is not None and detail.measured:
        yield blocks.joined([inline(v.costs.table.title), blocks.texts(v.costs.table), *map(inline, v.costs.notes)])
    if v.pareto is not None and detail.measured:
        yield blocks.joined([inline(v.pareto.title), fence("\n".join(v.pareto.lines)), inline(v.pareto.note, 1000)])
    for c in shown:
        found = [
            inline(c.summary, detail.text),
            blocks.warnings(c.warnings, detail.text, detail.warnings),
            *_candidate(c, v.floor, detail),
        ]
        if c.name == chosen.name:
            yield f"#### {code(c.name, min(detail.text, 200))}, the best of {len(v.candidates)}"
            yield from found
        else:
            title = f"{ICONS[c.verdict.word]} {c.verdict.phrase} {c.name}: {c.verdict.reason}"
            yield blocks.details(title, blocks.joined(found))
    yield blocks.people(v.people, v.people_notes)


def _candidate(v: CandidateView, floor: str, detail: Detail) -> Iterator[str]:
    yield from _gates(v, detail)
    if detail.metrics:
        yield from _metrics(v, floor, detail)
    yield "\n".join(f"- {'⚠️ ' if row.alarm else ''}{inline(row.text)}" for row in _drift(v, detail))
    if detail.slices:
        for table in v.bills:
            yield blocks.joined([f"**{inline(table.title)}**, worst first", blocks.texts(table), bill.NOTE])
        yield _slices(v, detail)
    if detail.metrics and v.curve is not None:
        seen = [blocks.texts(v.curve.table), *(inline(note, detail.text) for note in v.curve.notes)]
        yield blocks.details(v.curve.table.title, blocks.joined(seen))
    for group in v.flips:
        yield _flips(group, v.path, detail)
    for table in v.labels if detail.behaviour else ():
        yield blocks.details(table.title, blocks.texts(table))
    if detail.behaviour:
        title = "How the answers changed beside their scores (base → candidate)"
        yield blocks.details(title, blocks.behaviour(v.behaviour))
    if detail.measured:
        conditions = blocks.measured(v.measured, ["", "base", "candidate"], v.glossary)
        yield blocks.details("How this was measured, and how to read it", conditions)


def _overview(candidates: Sequence[CandidateView], detail: Detail) -> str:
    """Candidates side by side: each one's primary metrics and what its gates said."""
    names = list(dict.fromkeys(m.name for c in candidates for m in c.metrics if m.primary))[: detail.columns]
    cells = []
    for c in candidates:
        found = {m.name: f"{SIGNS[m.tone]} {inline(m.change)} {inline(m.interval)}" for m in c.metrics if m.primary}
        reason = inline(c.verdict.reason, detail.text)
        verdict = f"{ICONS[c.verdict.word]} {c.verdict.word.replace('_', ' ')}: {reason}"
        cells.append([code(c.name, table=True), *(found.get(name, "") for name in names), verdict])
    header = ["Candidate", *(code(n, table=True) for n in names), "Verdict"]
    return blocks.table(header, "l" + "r" * len(names) + "l", cells)


def _gates(v: CandidateView, detail: Detail) -> Iterator[str]:
    kept = [g for g in v.gates if detail.passing or g.result != "pass"][: detail.gates]
    yield blocks.table(
        ["Gate", "Rule", "Measured", "Result"],
        "llll",
        [
            [
                code(g.name, min(detail.text, 200), table=True),
                inline(g.rule),
                inline(g.measured),
                f"{RESULTS[g.result]}: {inline(g.short, detail.text)}",
            ]
            for g in kept
        ],
    )
    if len(kept) < len(v.gates):
        yield f"{_more(v.gates, kept)} are not shown."
    whole = [f"- {code(g.label)}: {inline(g.reason, detail.text)}." for g in kept if g.short != g.reason]
    notes = [f"- {note}." for note in v.gate_notes]
    yield blocks.details("The gates' reasons in full", "\n".join([*whole, *notes])) if detail.reasons else ""


def _more(gates: Sequence[GateRow], kept: Sequence[GateRow]) -> str:
    """`17 more gates (15 pass, 2 inconclusive)`."""
    counts = [(sum(g.result == word for g in gates) - sum(g.result == word for g in kept), word) for word in RESULTS]
    listed = ", ".join(f"{n:,} {word}" for n, word in counts if n)
    return f"{len(gates) - len(kept):,} more gates ({listed})"


def _metrics(v: CandidateView, floor: str, detail: Detail) -> Iterator[str]:
    """What is gated, what a probe is about and what changed; the others, and how to read them, are folded away."""
    gated = {g.name for g in v.gates}
    kept = [m for m in v.metrics if m.primary or m.name in gated or m.tone in ("good", "bad")]
    still = [m for m in v.metrics if m not in kept]
    yield _changes("Metric (samples scored)", kept)
    if v.metrics:
        yield f"{v.legend}."
    more = f"{len(still):,} more {'metric shows' if len(still) == 1 else 'metrics show'} no change"
    if still:
        yield blocks.details(more, _changes("Metric (samples scored)", still)) if detail.still else f"{more}."
    reading = [words.READING if v.metrics else "", inline(floor, 2000), inline(" ".join(v.noise), 2000)]
    yield blocks.details("How sure these numbers are", blocks.joined(reading))


def _changes(title: str, found: Sequence[MetricRow]) -> str:
    return blocks.table(
        [title, "base", "candidate", "difference, 95 % interval", "better / worse / unchanged"],
        "lrrrr",
        [
            [
                f"{SIGNS[m.tone]} {code(m.name, table=True)} ({m.n_in_groups}{'; ' * bool(m.cut)}{m.cut})",
                inline(m.base),
                inline(m.candidate),
                f"{_strong(m)} {inline(m.interval)}".strip(),
                m.moves,
            ]
            for m in found
        ],
    )


def _strong(row: MetricRow) -> str:
    return f"**{inline(row.change)}**" if row.tone in ("good", "bad") else inline(row.change)


def _drift(v: CandidateView, detail: Detail) -> list[rows.DriftRow]:
    return list(v.drift) if detail.metrics else [row for row in v.drift if row.alarm][:5]


def _slices(v: CandidateView, detail: Detail) -> str:
    hidden = len(v.slices) - detail.slices
    more = f" {hidden:,} more are not shown." if hidden > 0 else ""
    table = _changes("Slice (samples scored)", v.slices[: detail.slices])
    return blocks.details(v.slices_title, f"{table}\n\n{words.LEADS}{more}") if v.slices else ""


def _flips(group: FlipGroup, path: str, detail: Detail) -> str:
    worse, better = group.regressions[: detail.regressions], group.improvements[: detail.improvements]
    counts = f"{group.name}: {rows.answers(group.worse)} got worse, {group.better:,} better"
    if not worse and not better:
        return inline(f"{counts}.") if group.regressions or group.improvements else ""
    shown = [_flip(f, path, detail.characters) for f in worse]
    if better:
        shown += [
            f"**Better** (showing {len(better)} of {group.better:,})",
            *(_flip(f, path, detail.characters) for f in better),
        ]
    return blocks.details(f"{counts} (showing {len(worse)} worse)", blocks.joined(shown))


def _flip(flip: Flip, path: str, characters: int) -> str:
    parts = [
        ("PROMPT", flip.sample.prompt_text),
        *blocks.wanted(flip.sample.target),
        ("BASE", words.NO_TEXT if flip.base_text is None else flip.base_text),
        ("CANDIDATE", flip.candidate_text),
        *blocks.why(flip.reason),
    ]
    head = f"{code(flip.sample.id)} · {rows.score(flip.base_score)} → {rows.score(flip.candidate_score)}"
    return f"{head}\n{blocks.answers(parts, characters, path)}"
