"""Shown in a terminal."""
