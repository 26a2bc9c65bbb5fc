"""What goes wrong with several objects of one command: the others are still served, the refusals are printed at the end.

kubectl/pkg/cmd/util/helpers.go
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cluster.apiserver.errors import APIError
from cluster.kubectl import failures
from cluster.kubectl.invocation import CommandError, Output, Run


class Problems:
    """Collects refusals and errors in the order in which they come."""

    def __init__(self) -> None:
        self._found: list[tuple[APIError | str, str]] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def add(self, problem: APIError | str, doing: str = "") -> None:
        """Keep a refusal of the server, or an error's text (without `error: `)."""
        self._found.append((problem, doing))

    def take(self, others: Problems) -> None:
        """Keep what others have collected as well."""
        self._found += others._found

    @contextmanager
    def catching(self, doing: str = "") -> Iterator[None]:
        """Keep what is raised inside; `doing` is for example `error when creating "web.yaml"`."""
        try:
            yield
        except APIError as refusal:
            self.add(refusal, doing)
        except CommandError as problem:
            self.add(problem.text.removeprefix("error: "))

    def report(self) -> Run:
        """Print them and return the exit code: one is printed in full, several as one line each."""
        for problem, doing in self._found:
            yield Output("stderr", self._text(problem, doing) + "\n")
        return 1 if self._found else 0

    def _text(self, problem: APIError | str, doing: str) -> str:
        alone = len(self._found) == 1
        if isinstance(problem, str):
            return f"error: {problem}" if alone and not problem.startswith("error: ") else problem
        return failures.from_server(problem, doing) if alone else failures.one_line(problem, doing)
