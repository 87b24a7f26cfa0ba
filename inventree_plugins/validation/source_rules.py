"""Rules about the class itself and its source, which discovery reports, and about loading it."""

from __future__ import annotations

from inventree_plugins.validation.interface import Rule

__all__ = ["RULES"]

RULES = (
    Rule("legacy-base", "error", "a base class that servers since 0.8 do not have"),
    Rule("wrong-import-path", "error", "a base class from where no server has it"),
    Rule("unresolved-base", "warning", "a base class that cannot be followed"),
    Rule("inconsistent-bases", "error", "base classes that Python cannot put in order"),
    Rule("final-member", "error", "a member that the base class does not let anyone override"),
    Rule("unresolved-class", "warning", "a class that only running the module would tell"),
    Rule("not-a-package", "warning", "a folder without __init__.py, which the server does not look into"),
    Rule("project-file", "error", "pyproject.toml, setup.cfg or setup.py cannot be read"),
    Rule("syntax-error", "error", "a file that is not valid Python"),
    Rule("unreadable-file", "error", "a file that cannot be read"),
    Rule("file-too-large", "error", "a file too large to be read"),
    Rule("too-complex", "error", "a file that nests too deeply to be read"),
    Rule("load-failed", "error", "the plugin cannot be imported or constructed"),
    Rule("load-timed-out", "error", "the plugin was not loaded in time"),
    Rule("loaded-without-server", "warning", "loading was judged without a server"),
)
