"""`invplug is-enabled` and `invplug is-installed`: one question, answered as cheaply as possible."""

from __future__ import annotations

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.mandatory import is_mandatory_slug

__all__ = ["is_enabled", "is_installed"]


def is_enabled(context: Context, slug: str) -> bool:
    """Tell whether the server activates `slug`: its row says so, or it is mandatory (SPEC §3).

    Only the store, the configuration and the server's source are asked, never the interpreter.
    """
    with context.open_store().reading() as reader:
        row = reader.row(slug)
    return (row is not None and row.active) or is_mandatory_slug(context, slug)


def is_installed(context: Context, name: str) -> bool:
    """Tell whether something provides the plugin `name`, or a distribution of that name is installed."""
    from inventree_plugins.commands.survey import take_survey  # noqa: PLC0415 - discovery, for this one only
    from inventree_plugins.packages import normalize  # noqa: PLC0415

    survey = take_survey(context)
    wanted = normalize(name)
    return any(plugin.slug == name for plugin in survey.discovery.plugins) or any(
        distribution.key == wanted for distribution in survey.distributions
    )
