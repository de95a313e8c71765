"""Where and how the examples of a page run.

Each page has a kernel of its own, in an empty folder that holds copies of ``studies`` and
``analyses``, so that a page can write files and a reader sees the paths they would have.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: Faults only; a kernel would tell on every page that it talks to this machine unencrypted.
QUIET = "c.IPKernelApp.log_level = 40\n"


def prepare_kernel(folder: Path) -> dict[str, str]:
    """Write the start-up file of the kernels; return the environment they need."""
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (folder / "profile_default" / "ipython_kernel_config.py").write_text(QUIET, encoding="utf-8")
    shutil.copy(HERE / "startup.py", startup / "00_pages.py")
    return {
        "IPYTHONDIR": str(folder),
        "METADX_ROOT": str(HERE.parents[1]),
        "METADX_PYTHON": sys.executable,
        "COLUMNS": "96",
        "MPLBACKEND": "agg",
        "PYTHONIOENCODING": "utf-8",
        "NO_COLOR": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
