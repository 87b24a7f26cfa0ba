"""The store's table of plugins, as Django sees it."""

from __future__ import annotations

from django.db import models

__all__ = ["PluginConfig"]


class PluginConfig(models.Model):
    """A plugin and whether it is enabled; the columns are those that every server has (SPEC §3)."""

    id = models.AutoField(primary_key=True)
    key = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - the server's column
    active = models.BooleanField(default=False, help_text="Whether the server loads the plugin.")

    class Meta:
        """The table is the store's: no migration makes or changes it."""

        managed = False
        db_table = "plugin_pluginconfig"
        ordering = ("key",)
        verbose_name = "plugin"
        verbose_name_plural = "plugins"

    def __str__(self) -> str:
        """Return what the plugin is called."""
        return self.name or self.key
