"""Write the completion scripts of `completions/`, or with --check compare them."""

from __future__ import annotations

import sys
from pathlib import Path

from typer.completion import get_completion_script

FOLDER = Path(__file__).resolve().parent.parent / "completions"
# Shell -> the name under which that shell looks for the script.
FILES = {"bash": "invplug.bash", "zsh": "_invplug", "fish": "invplug.fish", "powershell": "invplug.ps1"}


def script(shell: str) -> str:
    """Return the script that Typer generates for `shell`."""
    text = get_completion_script(prog_name="invplug", complete_var="_INVPLUG_COMPLETE", shell=shell)
    return text.strip() + "\n"


def main() -> int:
    """Write or check all scripts; return 1 when one is stale."""
    stale = []
    for shell, name in FILES.items():
        path = FOLDER / name
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != script(shell):
                stale.append(name)
        else:
            path.write_text(script(shell), encoding="utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run `make completions`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
