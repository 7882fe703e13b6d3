"""The functional core: what follows from what. No I/O, no clock, no randomness."""
