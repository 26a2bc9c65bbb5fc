"""The tools that lie in images, one file per family."""
