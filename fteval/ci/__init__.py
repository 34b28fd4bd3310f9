"""Where a verdict is told: pull and merge requests, step summaries, the files that a CI server reads.

A job's colour is decided by `fteval run`. Nothing here changes it: what cannot be posted is a warning.
"""
