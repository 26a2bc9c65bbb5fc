"""Recordings of a real control plane, played again here and compared."""
