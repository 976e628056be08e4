"""Edits of values in YAML text: the bytes that must change and no others, proved before use."""
