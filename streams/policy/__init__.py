"""The law as dated data, and its loader."""
