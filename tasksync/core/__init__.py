"""What tasksync thinks with: pure values and pure functions.

No files, no network, no clock, no random, no logging; everything worldly is handed in.
"""
