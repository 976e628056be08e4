"""The portal's tasks, people, rules and quirks, in memory and in a file. Knows no HTTP."""
