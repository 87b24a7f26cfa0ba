"""What Django calls the app."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["SampleAppConfig"]


class SampleAppConfig(AppConfig):
    """The app of the sample."""

    name = "inventree_plugins.samples.app"
    label = "sample_app"
    default_auto_field = "django.db.models.BigAutoField"
