"""The simulated cluster. Everything below `worker`, `store` and `models` is pure Python."""
