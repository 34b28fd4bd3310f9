"""The files that people bring: read, checked, written. Every error of a file is said at once, with its line."""
