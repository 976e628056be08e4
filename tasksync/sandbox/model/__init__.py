"""The portal's tasks, people and rules, in memory and in a file. Knows no HTTP."""
