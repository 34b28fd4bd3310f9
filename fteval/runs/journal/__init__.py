"""The folder of runs: append-only files of checked lines, one writer each."""
