"""Engines on what a Python process has already: a function of a conversation, a model in memory."""
