"""Changes to a model that need no training: one a file, found by the file's name."""
