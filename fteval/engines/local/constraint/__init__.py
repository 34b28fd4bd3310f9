"""Masks over the next token: what a local model may write."""
