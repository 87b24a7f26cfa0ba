"""Run `python -m inventree_plugins`, and the console script."""

import gc

# A run is over in a tenth of a second: collecting costs more than it frees.
gc.disable()

from inventree_plugins.cli import run  # noqa: E402 - after the line above, or it would come too late

__all__ = ["run"]

if __name__ == "__main__":
    run()
