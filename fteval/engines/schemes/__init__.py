"""Engines that a prefix asks for: each file answers refs `<its name>:REST`, and makes its engine with `open_engine`."""
