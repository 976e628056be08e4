"""From what is wanted, remembered and found to a plan: pure functions."""
