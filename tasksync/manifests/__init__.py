"""YAML to a checked Manifest: every value with its place, every fault in one run."""
