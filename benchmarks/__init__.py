"""What tasksync costs, and what its peers cost on the same work. Run `python -m benchmarks`."""
