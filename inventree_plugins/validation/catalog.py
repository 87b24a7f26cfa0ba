"""All rules by their codes, and the page of documentation of each."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from inventree_plugins.errors import UsageError
from inventree_plugins.validation import (
    identity_rules,
    metadata_rules,
    mixin_rules,
    package_rules,
    settings_rules,
    source_rules,
)
from inventree_plugins.validation.interface import Rule

__all__ = ["PAGES", "RULES", "explain", "require_rule"]

PAGES = Path(__file__).parent / "pages"

# In the order in which a server would meet what they are about.
_ALL = (
    *package_rules.RULES,
    *source_rules.RULES,
    *identity_rules.RULES,
    *metadata_rules.RULES,
    *mixin_rules.RULES,
    *settings_rules.RULES,
)
RULES: Mapping[str, Rule] = MappingProxyType({rule.code: rule for rule in _ALL})


def require_rule(code: str) -> Rule:
    """Return the rule of a code; raise UsageError, naming the codes that may have been meant."""
    rule = RULES.get(code)
    if rule is None:
        near = get_close_matches(code, RULES, n=3)
        hint = "did you mean " + " or ".join(f"`{each}`" for each in near) + "?" if near else None
        hint = hint or "`invplug validate --explain all` lists them"
        raise UsageError(f"there is no rule `{code}`", hint=hint)
    return rule


def explain(code: str) -> str:
    """Return a rule's page, in Markdown; raise UsageError for a code that is none."""
    rule = require_rule(code)
    return (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")
