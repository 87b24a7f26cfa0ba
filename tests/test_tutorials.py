"""The tutorials do what they say: their files are written, their commands typed in, their output compared."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("plugin-authors", "hosting")
# The first line of a file's block.
NAMED = re.compile(r"# ([\w./-]+\.(?:py|toml|yaml))\n")
# Any text within a line; alone on a line, any lines.
ANYTHING = "…"
# Whatever may be shown without being run.
PROSE = {"text", "sh"}


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(match[1], match[2], text.count("\n", 0, match.start()) + 1)


def files(page: str) -> dict[str, str]:
    """Return the text of each file, by the name in its first line."""
    found = [(match[1], each.text) for each in blocks(page) if (match := NAMED.match(each.text))]
    assert len(dict(found)) == len(found), "two blocks name the same file"
    return dict(found)


def commands(page: str) -> Iterator[tuple[str, str]]:
    """Yield each line that is typed in, with the output that is shown for it."""
    for block in blocks(page):
        if block.language == "console":
            for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield command, output


@dataclass
class Project:
    """A folder with the files of a page, and an environment of its own that has invplug and pytest."""

    folder: Path
    typed: list[str] = field(default_factory=list)

    @property
    def environment(self) -> Path:
        return self.folder.parent / "env"

    @property
    def bytecode(self) -> Path:
        """Return where Python leaves a trace of each file that was imported."""
        return self.folder.parent / "bytecode"

    def make(self, texts: dict[str, str]) -> None:
        for name, text in texts.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        venv.create(self.environment, with_pip=False, symlinks=True)
        site = next(self.environment.glob("lib/python*/site-packages"))
        # The packages are those of the tests, which need no network.
        (site / "of_the_tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
        self._script("invplug", "from inventree_plugins.__main__ import run\nrun()\n")
        self._script("pytest", "import pytest\nraise SystemExit(pytest.console_main())\n")

    def _script(self, name: str, text: str) -> None:
        path = self.environment / "bin" / name
        path.write_text(f"#!{self.environment}/bin/python\n{text}")
        path.chmod(0o755)

    def environ(self) -> dict[str, str]:
        ours = ("INVENTREE_", "INVPLUG_", "PYTEST_", "PYTHON", "DJANGO_", "PIP_", "COV_", "FORCE_COLOR")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        home = self.folder.parent / "home"
        return {
            **kept,
            "PATH": os.pathsep.join([str(self.environment / "bin"), kept["PATH"]]),
            "HOME": str(home),
            **{f"XDG_{each}_HOME": str(home / each) for each in ("CACHE", "STATE", "DATA", "CONFIG")},
            "COLUMNS": "160",
            "NO_COLOR": "1",
            "PYTHONPYCACHEPREFIX": str(self.bytecode),
            "PYTHONUNBUFFERED": "1",
            "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:xdist -W error",
            # Packages are built with what is there.
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def type(self, command: str) -> str:
        """Run a line in a shell, which must succeed, and return what is seen on the screen."""
        self.typed.append(command)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}"
        return done.stdout

    def has_run(self, name: str) -> bool:
        """Tell whether a file was imported, or started by a line that was typed in."""
        path = self.folder / name
        traces = self.bytecode.joinpath(*path.parts[1:-1]).glob(f"{path.stem}.*.pyc")
        return any(traces) or any(_started(line) == Path(name) for line in self.typed)


def _started(line: str) -> Path | None:
    """Return the script that a line starts, perhaps in another folder."""
    match = re.match(r"(?:cd (\S+) && )?(?:\w+=\S+ )*python (\S+)", line)
    return Path(match[1] or "", match[2]) if match else None


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def project(page: str, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp(page) / page
    folder.mkdir()
    made = Project(folder)
    made.make(files(page))
    return made


def matches(shown: str, seen: str) -> bool:
    parts = [
        "(?:.*\n)*" if line == f"{ANYTHING}\n" else ".*".join(map(re.escape, line.split(ANYTHING)))
        for line in shown.splitlines(keepends=True)
    ]
    return re.fullmatch("".join(parts), seen) is not None


def test_every_block_is_a_file_a_session_or_prose(page):
    known = PROSE | {"console"}
    wrong = [each for each in blocks(page) if each.language not in known and not NAMED.match(each.text)]
    assert not wrong, f"name the file in the first line, as `# my_plugin/core.py`: {wrong}"
    assert all(each.text.startswith("$ ") for each in blocks(page) if each.language == "console")


def test_commands_print_what_is_shown_and_every_file_is_run(page, project):
    for command, shown in commands(page):
        # Trailing blanks are none of the reader's.
        seen = "".join(f"{line.rstrip()}\n" for line in project.type(command).splitlines())
        seen = seen.replace(str(project.folder), f"/srv/{page}")
        assert matches(shown, seen), f"$ {command}\n{seen}\n-- and the page shows --\n{shown}"
    code = [name for name in files(page) if name.endswith(".py")]
    assert code
    assert [name for name in code if not project.has_run(name)] == [], "no test runs these"


@pytest.mark.parametrize(
    ("shown", "seen", "expected"),
    [
        ("one\n", "one\n", True),
        ("one\n", "one\ntwo\n", False),
        ("one\n…\n", "one\n", True),
        ("…\ntwo\n…\n", "one\ntwo\nthree\nfour\n", True),
        ("o…e (… s)\n", "one (0.3 s)\n", True),
        ("o…e\n", "on\ne\n", False),
        ("[a-z]\n", "b\n", False),
    ],
)
def test_output_may_be_left_out_where_the_page_says_so(shown, seen, expected):
    assert matches(shown, seen) is expected
