"""The page on which an administrator enables plugins."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from inventree_plugins.errors import InvplugError
from inventree_plugins.host.django.models import PluginConfig
from inventree_plugins.host.django.running import get_host, refresh

__all__ = ["PluginConfigAdmin"]


@admin.register(PluginConfig)
class PluginConfigAdmin(admin.ModelAdmin):
    """Plugins with what is known of them; `active` is all that can be changed."""

    list_display = ("__str__", "key", "active", "state", "version", "author")
    list_filter = ("active",)
    search_fields = ("key", "name")
    fields = ("key", "name", "active", "state", "description", "version", "author", "website", "mixins")
    readonly_fields = ("key", "name", "state", "description", "version", "author", "website", "mixins")
    actions = ("enable", "disable")

    # Rows come and go with the plugins.

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """Refuse: discovery makes the rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Refuse: `invplug discover --prune` deletes rows that nothing provides."""
        return False

    def save_model(self, request: HttpRequest, obj: PluginConfig, form: Any, change: Any) -> None:  # noqa: ARG002
        """Store whether the plugin is enabled, and load it."""
        obj.save(update_fields=["active"])
        self._reload(request, [obj.key])

    @admin.action(description="Enable selected plugins", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[PluginConfig]) -> None:
        """Enable the selected plugins, and load them."""
        self._switch(request, queryset, active=True)

    @admin.action(description="Disable selected plugins", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[PluginConfig]) -> None:
        """Disable the selected plugins."""
        self._switch(request, queryset, active=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[PluginConfig], *, active: bool) -> None:
        keys = list(queryset.values_list("key", flat=True))
        queryset.update(active=active)
        done = "enabled" if active else "disabled"
        self.message_user(request, f"{len(keys)} plugin{'s' * (len(keys) != 1)} {done}.", messages.SUCCESS)
        self._reload(request, keys)

    def _reload(self, request: HttpRequest, keys: list[str]) -> None:
        """Load what is enabled now, once the change is in the store, and say what fails."""

        def reload() -> None:
            try:
                refresh()
            except InvplugError as error:
                self.message_user(request, f"The plugins were not reloaded: {error}", messages.ERROR)
            for failure in get_host().failures:
                if failure.slug in keys:
                    self.message_user(request, str(failure), messages.ERROR)

        transaction.on_commit(reload, using=router.db_for_write(PluginConfig))

    # What is known of a plugin.

    @admin.display(description="state")
    def state(self, row: PluginConfig) -> str:
        """Tell what has become of the plugin."""
        host = get_host()
        failed = next((each for each in reversed(host.failures) if each.slug == row.key), None)
        if row.key in host.plugins:
            return f"running, but {failed}" if failed else "running"
        if row.active and failed is not None:
            return f"failed: {failed}"
        return "not running" if row.key in host.inactive else "not found"

    @admin.display(description="description")
    def description(self, row: PluginConfig) -> str:
        """Return the plugin's description."""
        return _said(row, "description")

    @admin.display(description="version")
    def version(self, row: PluginConfig) -> str:
        """Return the plugin's version."""
        return _said(row, "version")

    @admin.display(description="author")
    def author(self, row: PluginConfig) -> str:
        """Return the plugin's author."""
        return _said(row, "author")

    @admin.display(description="website")
    def website(self, row: PluginConfig) -> str:
        """Return the plugin's website."""
        return _said(row, "website")

    @admin.display(description="mixins")
    def mixins(self, row: PluginConfig) -> str:
        """Return the keys of the plugin's mixins."""
        return ", ".join(get_host().mixins_of(row.key)) or "-"


def _said(row: PluginConfig, name: str) -> str:
    return get_host().metadata_of(row.key).get(name) or "-"
