"""`tasksync` under cProfile: own time by function and by part, as Markdown tables.

usage: profiled.py plan ...; runs in tasksync's environment.
"""

import cProfile
import sys
from collections import Counter

profiler = cProfile.Profile()
profiler.enable()
from tasksync.cli.main import run  # noqa: E402 - importing is part of what is profiled

code = run(sys.argv[1:])
profiler.disable()
profiler.create_stats()

parts: Counter[str] = Counter()
names: Counter[str] = Counter()
for (file, line, function), (_c, _n, own, _total, _callers) in profiler.stats.items():
    path = file.replace("\\", "/")
    if "/tasksync/" in path:
        part = path.rpartition("/tasksync/")[2]
        names[f"{part}:{line} {function}"] += own
    elif "/site-packages/" in path:
        part = path.rpartition("/site-packages/")[2].partition("/")[0]
        names[f"{part} {function}"] += own
    else:
        part = "import and compile" if "importlib" in path else "Python and C"
        names[function] += own
    parts[part] += own

whole = sum(parts.values())
print("== profile ==")
for title, found in (("part", parts), ("function", names)):
    print(f"| {title} | own time |\n|---|---|")
    for name, own in found.most_common(15):
        print(f"| `{name.replace('|', ' ')}` | {own / whole:.1%} |")
    print()
sys.exit(code)
