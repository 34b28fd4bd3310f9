"""What a run would change of the baseline, before anybody accepts it."""

from __future__ import annotations

from pathlib import Path

from fteval.records import Baseline, Moved, RunRecord, Shift
from fteval.releases import baseline, baseline_file
from fteval.releases.new_line import changes
from fteval.releases.places import baseline_path
from fteval.releases.read import load
from fteval.releases.shift import moved, only
from fteval.runs.journal.store import Store
from fteval.runs.reading import results


def shifts(run_id: str, folder: Path, store: Path) -> tuple[Path, Baseline, RunRecord, list[Shift]]:
    """What a saved run would change of its suite's baseline, probe by probe, over the samples that both have."""
    run = results.load(Store(store, readonly=True), run_id)
    suite = baseline.suite_name(run)
    path = baseline_path(folder, suite)
    load("baseline", folder, suite)  # or says that there is none
    old = baseline_file.read(path)
    new_outputs = baseline.outputs(run)
    before, after = {p.probe: p for p in old.probes}, {p.probe: p for p in run.probes}
    found = []
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            ids = tuple((after.get(name) or before[name]).sample_ids)
            gone = Moved((), ids, (), False) if name in before else Moved(ids, (), (), False)
            found.append(Shift(name, gone, 0, 0, ()))
            continue
        difference = moved(before[name], after[name])
        gone_or_edited = {*difference.removed, *difference.edited}
        common = [i for i in before[name].sample_ids if i not in gone_or_edited]
        pair = only(before[name], common), only(after[name], common)
        reworded = sum(old.outputs[name, i] != new_outputs.get((name, i)) for i in common)
        changed = () if difference.scorer or not common else tuple(changes(*pair))
        found.append(Shift(name, difference, len(common), reworded, changed))
    return path, old, run, found
