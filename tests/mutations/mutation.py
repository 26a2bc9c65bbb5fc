"""One mutation: a small change of one function, made in the running process."""

from __future__ import annotations
import __future__

import importlib
import inspect
import textwrap
from dataclasses import dataclass
from types import FunctionType
from typing import Any


class DoesNotApply(AssertionError):
    """The function or the line is no longer there: the mutation must be written anew."""


@dataclass(frozen=True)
class Mutation:
    """`place` is "module:function" or "module:Class.method" below `cluster.`; `old`, found there once, becomes `new`."""

    name: str
    place: str
    old: str
    new: str

    def function(self) -> FunctionType:
        """The function as it is; raises DoesNotApply when there is none."""
        module, _, path = self.place.partition(":")
        found: Any = importlib.import_module(f"cluster.{module}")
        try:
            for part in path.split("."):
                found = inspect.getattr_static(found, part)
        except AttributeError as problem:
            raise DoesNotApply(f"{self.name}: there is no {self.place}") from problem
        found = getattr(found, "fget", None) or found
        return inspect.unwrap(getattr(found, "__func__", found))

    def source(self) -> str:
        """The changed source; raises DoesNotApply unless the old text is there exactly once."""
        text = textwrap.dedent(inspect.getsource(self.function()))
        if text.count(self.old) != 1:
            raise DoesNotApply(f"{self.name}: {self.place} has {text.count(self.old)} times {self.old!r}")
        return text.replace(self.old, self.new)

    def apply(self) -> None:
        """Change the function for the rest of this process, wherever it has been imported."""
        function = self.function()
        code = compile(self.source(), f"<{self.name}>", "exec", __future__.annotations.compiler_flag)
        names = dict(function.__globals__)
        exec(code, names)
        changed = inspect.unwrap(getattr(names[function.__name__], "fget", None) or names[function.__name__])
        if changed.__code__.co_freevars != function.__code__.co_freevars:
            raise DoesNotApply(f"{self.name}: {self.place} is bound to what surrounds it")
        function.__code__ = changed.__code__
