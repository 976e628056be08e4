"""tasksync: the tasks that should exist in Bitrix24, kept in YAML, planned and applied."""

__version__ = "0.1.0"
