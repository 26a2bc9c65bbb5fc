"""The scheduler's rules over all nodes at once, with NumPy: the same decisions, fast enough for thousands of nodes."""
