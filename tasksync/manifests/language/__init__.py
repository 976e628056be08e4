"""The manifest's language: what stands for dates (design 11)."""
