"""Seeded random walks: anything may happen to a small cluster, and what must always be true is looked at after each step."""

import os

# The sentences of the steps are the dashboard's.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
