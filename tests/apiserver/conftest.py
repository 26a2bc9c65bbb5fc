"""An API server without components for every test of this folder."""

from __future__ import annotations

import pytest

from tests.apiserver.builders import Lab, lab


@pytest.fixture
def api() -> Lab:
    """A fresh API server with the namespaces default and kube-system."""
    return lab()
