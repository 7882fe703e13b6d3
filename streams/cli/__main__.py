"""`python -m streams.cli`: the same as `liandong`."""

from streams.cli import main

main()
