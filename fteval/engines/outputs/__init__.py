"""Outputs that were made elsewhere, read from files of any tool."""
