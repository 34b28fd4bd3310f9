"""Shown as Markdown: report files, pull requests, step summaries."""
