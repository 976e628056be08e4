"""A local portal: the tasks part of the vendor's API, with its rules, limits, quirks and faults.

Imports nothing of the rest of tasksync, so that a misreading of the API cannot agree with itself.
`model` knows no HTTP, `web` knows no rules, `faults` holds the injected faults, `page` the page at
`/`. Start it over a socket with `web.server.start`, or in-process with `web.routes.open_api`.
"""
