"""Draw docs/list.svg: what `invplug list` really prints for the instance that `make run` leaves in .demo."""

from __future__ import annotations

import fcntl
import io
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / ".demo"
PICTURE = ROOT / "docs" / "list.svg"
ENABLED = "kicad-library-plugin"
# Narrow enough to be read where the README shows it.
COLUMNS = 84

# rich names a font of the net and its own site; the reader's monospace font does as well.
FROM_THE_NET = re.compile(r"@font-face\s*\{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)


def main() -> int:
    """Write the picture; return 1 when the demo instance is missing."""
    if not (DEMO / "env").is_dir():
        sys.stderr.write("there is no .demo: `make run` makes it\n")
        return 1
    PICTURE.write_text(draw(listing()), encoding="utf-8")
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KB")
    return 0


def listing() -> str:
    """Return the list in colour, of a fresh instance with the demo's packages and one plugin enabled."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(DEMO / "plugins.txt", folder)
        invplug("discover", folder=folder)
        invplug("enable", ENABLED, folder=folder)
        return invplug("list", folder=folder)


def invplug(*arguments: str, folder: str) -> str:
    """Run the program in `folder` as on a terminal, and return its standard output."""
    kept = {
        name: text for name, text in os.environ.items() if not name.startswith(("INVENTREE_", "INVPLUG_"))
    }
    kept.pop("NO_COLOR", None)
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    done = subprocess.run(
        [sys.executable, "-m", "inventree_plugins", "--no-cache", "--python", str(DEMO / "env"), *arguments],
        cwd=folder,
        env={**kept, "TERM": "xterm-256color", "COLORTERM": ""},
        stdout=slave,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(slave)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    # A terminal's buffer holds 4 KiB, a few times what a list of five takes.
    return os.read(master, 1 << 16).decode().replace("\r\n", "\n") if arguments[0] == "list" else ""


def draw(listing: str) -> str:
    """Return the SVG of a terminal that shows the command and its output."""
    lines = [line for line in Text.from_ansi(listing).split("\n") if line.plain.strip()]
    for line in lines:
        line.rstrip()
    width = COLUMNS
    console = Console(record=True, width=width, file=io.StringIO())
    console.print("$ invplug list\n", highlight=False)
    for line in lines:
        console.print(line, overflow="crop", no_wrap=True)
    svg = console.export_svg(title="invplug list", theme=MONOKAI, unique_id="list")
    svg = FROM_THE_NET.sub("", svg).replace("Fira Code, monospace", "monospace")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


if __name__ == "__main__":
    sys.exit(main())
