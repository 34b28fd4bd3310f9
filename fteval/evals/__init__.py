"""The probes, one file each, and the few modules that they share.

A probe is a frozen dataclass with `metrics`, `samples()` and `score(sample, generation)`. It knows no engine, no run
and no other probe. Shared: `text` (folding, words), `lexicon` (is it a word?), `language`, `dates`, `refusal`,
`abstention`, `repetition`, `topic`, and `still_an_answer`, which puts them together for every probe that judges a
constraint.

All of it is deterministic, executes nothing, follows no link, and reads at most `text.READ` characters of an answer
where the work would otherwise grow with its square, so that a megabyte of output costs well under a second.
"""
