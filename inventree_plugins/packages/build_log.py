"""What a build was missing, from the words of compilers, linkers and build tools."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Missing", "missing_piece"]


class Missing(NamedTuple):
    """A missing thing as a sentence names it, what brings it, and the line of the log that tells."""

    what: str
    hint: str
    line: str


class _Sign(NamedTuple):
    """How a tool says that `what` is missing; the pattern's first group that matched fills `{}`."""

    pattern: re.Pattern[str]
    what: str
    hint: str


_OR_WHEEL = ", or look for a release that has a wheel"
_HEADER = f"install the development package that brings it (such as `lib…-dev` on Debian){_OR_WHEEL}"
_COMPILER = f"install a compiler (such as `build-essential` on Debian){_OR_WHEEL}"
_PROGRAM = f"install it{_OR_WHEEL}"
_RUST = f"install Rust (such as `cargo` on Debian, or https://rustup.rs){_OR_WHEEL}"
_MODULE = "its author should have named it as a build requirement; look for a release that has a wheel"


def _line(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that is searched in whole lines."""
    return re.compile(rf"^.*(?:{pattern}).*$", re.MULTILINE)


_COMPILERS = r"(?:[\w.+-]*-)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|icx|icc)(?:-[\d.]+)?"
# The more certain ones first: what a missing header or compiler brings down is told as well.
_SIGNS = (
    _Sign(
        _line(r"fatal error: '?(Python\.h)'?(?:: No such file or directory| file not found)"),
        "the header `{}`",
        f"install the headers of the target's Python (such as `python3-dev` on Debian){_OR_WHEEL}",
    ),
    _Sign(
        _line(
            r"fatal error: '?([^\s':]+?\.(?:h|hh|hpp|hxx|inc)|[A-Za-z]\w*(?:/\w+)*)'?"
            r"(?:: No such file or directory| file not found)"
        ),
        "the header `{}`",
        _HEADER,
    ),
    _Sign(
        _line(
            r"can't find Rust compiler|Rust not found, installing|requires Rust and Cargo"
            r"|Cargo, the Rust package manager, is not installed"
            r"|command '(?:cargo|rustc)' failed: No such file|No such file or directory: '(?:cargo|rustc)'"
            r"|\b(?:cargo|rustc): (?:command )?not found"
        ),
        "the Rust toolchain",
        _RUST,
    ),
    _Sign(
        _line(r"cannot find -l(?!:)([\w.+-]+)|library '?([\w.+-]+)'? not found"), "the library `{}`", _HEADER
    ),
    _Sign(_line(r"Unknown compiler\(s\): \[\['([^']+)'"), "the compiler `{}`", _COMPILER),
    _Sign(
        re.compile(
            r"^.*Could not find compiler set in environment variable \w+:\s+(\S+?)\.?$"
            r"|^.*No CMAKE_(?:C|CXX)_COMPILER could be found.*$",
            re.MULTILINE,
        ),
        "the compiler `{}`",
        _COMPILER,
    ),
    _Sign(
        _line(
            rf"command '((?:\S*/)?{_COMPILERS})' failed: No such file or directory"
            rf"|unable to execute '((?:\S*/)?{_COMPILERS})': No such file or directory"
            rf"|No such file or directory: '((?:\S*/)?{_COMPILERS})'"
            rf"|\b({_COMPILERS}): (?:command )?not found"
        ),
        "the compiler `{}`",
        _COMPILER,
    ),
    _Sign(
        _line(
            r"ERROR: Dependency \"([^\"]+)\" not found|No package '([^']+)' found"
            r"|Package '?([^\s',]+)'?, required by '[^']+', not found"
            r"|Package ([^\s]+) was not found in the pkg-config search path"
            r"|Could not find a package configuration file provided by \"([^\"]+)\""
        ),
        "the library `{}`",
        _HEADER,
    ),
    _Sign(
        _line(
            r"command '([^']+)' failed: No such file or directory|unable to execute '([^']+)': No such file"
            r"|ERROR: Program '([^']+)' not found|\b(\w*_config) executable not found"
            r"|: (\w[\w.+-]*): (?:command )?not found"
        ),
        "the program `{}`",
        _PROGRAM,
    ),
)
_MODULE_MISSING = re.compile(r"ModuleNotFoundError: No module named '([^']+)'")
_NO_FILE = re.compile(r"(?:FileNotFoundError|error): \[Errno 2\] No such file or directory: '([^']+)'")


def missing_piece(log: str) -> Missing | None:
    """Find what a build was missing: a header, a compiler, a library, a program or a module."""
    for sign in _SIGNS:
        match = sign.pattern.search(log)
        if match:
            name = next((group for group in match.groups() if group), None)
            what = sign.what.format(name) if name else sign.what.replace("the compiler `{}`", "a compiler")
            return Missing(what, sign.hint, " ".join(match[0].split()))
    return _at_the_end(log)


def _at_the_end(log: str) -> Missing | None:
    """Look at the last line: what is missing there may be missing elsewhere without harm."""
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
    module = _MODULE_MISSING.fullmatch(last)
    if module:
        return Missing(f"the Python module `{module[1]}`", _MODULE, last)
    file = _NO_FILE.fullmatch(last)
    # Python says the same of files: it was a program where the log shows how it was called.
    if file and re.search(rf"^\s*{re.escape(file[1])} -", log, re.MULTILINE):
        return Missing(f"the program `{file[1]}`", _PROGRAM, last)
    return None
