"""The probes, one file each, and the few modules that they share.

A probe is a frozen dataclass with `metrics`, `samples()` and `score(sample, generation)`. It knows no engine, no run
and no other probe.

Shared: `text` (folding, words), `lexicon` (is it a word?), `language`, `dates`, `refusal`, `abstention`, `repetition`,
`substance`, `topic`, and `still_an_answer`, which puts them together for every probe that judges a constraint.

What a probe is too large for one file for stands beside it: `json_*` and `structure` (JSON), `formats`, `converted`,
`yaml_text` and `data_match` (conversion), `sql_*`, `verifiable*` (instructions), `style_*`, `labels` and `saying*`
(category), `turns` (stops), `marked` (punctuation), `disturb` (robustness); `given` reads parameters that may be files.

All of it is deterministic, executes nothing, follows no link, and reads at most `text.READ` characters of an answer
where the work would otherwise grow with its square, so that a megabyte of output costs well under a second.
"""
