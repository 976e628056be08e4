"""Install into an environment, then plan in a new folder: FOLDER INSTALL PLAN (both JSON lists)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

folder, install, plan = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
subprocess.run(install, check=True)
with tempfile.TemporaryDirectory() as here:
    subprocess.run([str(folder / plan[0]), *plan[1:]], check=True, cwd=here)
