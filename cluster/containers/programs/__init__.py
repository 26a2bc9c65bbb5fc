"""The tools that lie in images, one file per family. `call.PROGRAMS` knows them by name once this package is imported."""
