"""Injected faults: the rules that choose requests, and delayed work. Knows no HTTP."""
