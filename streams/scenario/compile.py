"""From a file to runs: the base scenario and each of its variants, everything resolved, every error placed."""
