"""The command line, ``claims``. Nothing here or below imports torch before a model is needed."""

from harness.cli.app import main as main
