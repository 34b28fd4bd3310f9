"""The probes, one file each, their data, and the rooms of what they share.

Is it still an answer: `answer/`. Where in the text it stands: `find/`. Words: `language/`. For one or two probes:
`formats/`, `ifeval/`, `queries/`, `stylometry/`.

A probe knows no engine and no run. Where work would grow with the square of an answer, it reads `language.text.READ`
characters.
"""
