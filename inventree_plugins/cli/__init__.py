"""The command line: Typer callbacks, the renderer, and the one error boundary."""

from inventree_plugins.cli.boundary import main, run

__all__ = ["main", "run"]
