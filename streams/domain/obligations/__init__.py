"""Who must tell whom, by when, and whether it was done (domain.md 2.6, OB-01 to OB-40)."""
