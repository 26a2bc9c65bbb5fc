"""Seeded random walks: anything may happen to a small cluster, and what must always be true is looked at after each step."""
