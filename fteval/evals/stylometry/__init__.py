"""Whose hand a text is nearer to: corpora, features, and Burrows's Delta."""
