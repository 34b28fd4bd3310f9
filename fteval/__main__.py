"""`python -m fteval` is `fteval`."""

from fteval.cli import main

main()
