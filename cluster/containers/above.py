"""What the kernel calls although it stands on it: the shell, the programs, the files of /proc."""

from cluster.containers.programs.call import Call, play
from cluster.containers.pseudo import entry as special
from cluster.containers.pseudo import names as special_names
from cluster.containers.shell.runner import child_ended
from cluster.containers.shell.runner import run as run_shell

__all__ = ["Call", "child_ended", "play", "run_shell", "special", "special_names"]
