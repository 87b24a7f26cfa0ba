"""Run `python -m inventree_plugins`."""

from inventree_plugins.cli import run

run()
