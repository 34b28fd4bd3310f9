"""The probes, one file each, with their data and the rooms of what they share.

A probe is a frozen dataclass with `metrics`, `samples()` and `score(sample, generation)`. It knows no engine and no run.
Where work would grow with the square of an answer, it reads `language.text.READ` characters, so that a megabyte costs
well under a second.
"""
