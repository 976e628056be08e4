"""A portal of one's own: the tasks part of the vendor's API, with its rules, limits and weather.

Imports nothing of the rest of tasksync, so that a misreading of the API cannot agree with itself.
The model (`world`) knows no HTTP, the door (`api`) knows no rules. Start it over a socket with
`server.start`, or in-process with `api.open_api`.
"""
