"""The questions, words and examples that probes come with."""
