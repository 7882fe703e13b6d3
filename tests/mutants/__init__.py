"""Breaking the core on purpose: every seeded mutant must be noticed by the tests."""
