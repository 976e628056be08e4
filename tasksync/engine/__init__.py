"""What the engine does with a plan: refresh, resolve, apply, verify, keep.

Knows the ports only; never prints, never sleeps but by the clock it was given.
"""
