"""Report files: each file here writes one format, and `ENDING` says for which files."""
