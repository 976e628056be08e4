"""Runs the projects of a fleet, each in a process of its own, here or on a cluster (design 18)."""
