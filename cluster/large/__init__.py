"""A cluster of thousands of nodes: real API documents in a real World, written in bulk instead of step by step."""
