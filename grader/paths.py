"""Where things lie; everything else is relative to ROOT."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("EXOLAB_BUILD") or ROOT / "build")
DIST = Path(os.environ.get("EXOLAB_DIST") or ROOT / "dist")
