"""`python -m helios` is the `helios` command."""

from helios.cli import main

main()
