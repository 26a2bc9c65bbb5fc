"""A client of an API server without components for every test of this folder."""

from __future__ import annotations

import pytest

from tests.rest.client import Client, client


@pytest.fixture
def api() -> Client:
    """A fresh API server with the namespaces default and kube-system."""
    return client()
