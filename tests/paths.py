"""Where things lie that tests read."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
DATA = TESTS / "data"
COUNTERPARTS = TESTS / "counterparts"
SHARED = ROOT.parent / "shared"  # beside the project, where it is there
