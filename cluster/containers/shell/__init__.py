"""A POSIX-like shell whose running state is a small value."""
