"""Probes that look at a model while it is trained: looks, rules, collapse in words, and the callback that does it."""
