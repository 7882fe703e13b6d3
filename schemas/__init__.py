"""The wire contract: what may stand on Liandong's topics, and nothing else."""
