#!/usr/bin/env python
"""Django's command line for Clusterscope: `manage.py serve` runs the whole product in one process."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    execute_from_command_line(sys.argv)
