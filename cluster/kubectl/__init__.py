"""The console: kubectl's verbs and their output, on the same API as everything else.

A command is a generator. It yields what it prints and, when it has to wait for the cluster, a `Wait`; whoever runs it lets
the cluster go on and resumes it. To a `Recall` it may be sent an answer. Closing the generator is ^C. The return value is the
exit code.
"""

from __future__ import annotations

from cluster.kubectl.checking import errors_by_line
from cluster.kubectl.console import complete, run
from cluster.kubectl.invocation import Output, Recall, Run, Shell, Wait

__all__ = ["Output", "Recall", "Run", "Shell", "Wait", "complete", "errors_by_line", "run"]
