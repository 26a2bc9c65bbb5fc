"""Where the recordings of a real control plane are."""

import os
from pathlib import Path


def golden() -> Path:
    """The folder of the recordings: $CLUSTERSCOPE_GOLDEN, by default the suite's own copy."""
    return Path(os.environ.get("CLUSTERSCOPE_GOLDEN") or Path(__file__).parents[1] / "golden")
