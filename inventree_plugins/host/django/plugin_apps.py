"""Add the Django apps of plugins to a Django that is running already."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps
from django.conf import settings
from django.template.utils import get_app_template_dirs
from django.utils.module_loading import module_has_submodule

from inventree_plugins.host.host import PluginHost
from inventree_plugins.sdk import MixinImplementationError

__all__ = ["add_apps"]


def add_apps(host: PluginHost) -> None:
    """Add the apps that active plugins bring and Django does not have; who cannot be added is taken out.

    An app stays until the process ends: Django cannot forget models.
    """
    present = {config.name for config in apps.get_app_configs()}
    for slug, name in host.apps_by_slug().items():
        if name not in present:
            with host.taking_out(slug, "app"):
                _add(slug, name)
            present.add(name)
    apps.clear_cache()
    get_app_template_dirs.cache_clear()


def _add(slug: str, name: str) -> None:
    config = AppConfig.create(name)
    if config.label in apps.app_configs:
        raise MixinImplementationError(
            f"Django has an app `{config.label}` already: `{apps.app_configs[config.label].name}`",
            plugin=slug,
            mixin="app",
        )
    config.apps = apps
    # A new dictionary each time: Django may be walking over the old one, calling each app's `ready`.
    apps.app_configs = {**apps.app_configs, config.label: config}
    try:
        config.import_models()
        config.ready()
        if apps.is_installed("django.contrib.admin") and module_has_submodule(config.module, "admin"):
            import_module(f"{name}.admin")
    except BaseException:
        apps.app_configs = {label: each for label, each in apps.app_configs.items() if each is not config}
        apps.all_models.pop(config.label, None)
        apps.clear_cache()
        raise
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, name]
