"""The Django app that boots the plugins when Django starts."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["PluginHostConfig"]


class PluginHostConfig(AppConfig):
    """Boots the host that `INVENTREE_PLUGINS` in the settings describes."""

    name = "inventree_plugins.host.django"
    label = "inventree_plugins"
    verbose_name = "Plugins"
    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        """Boot the plugins, and look for changes of the store when requests come in."""
        from inventree_plugins.host.django.running import start  # noqa: PLC0415 - models are ready only now

        start()
