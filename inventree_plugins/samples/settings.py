"""A sample of SettingsMixin: let an administrator decide."""

from __future__ import annotations

from inventree_plugins.sdk import InvenTreePlugin, SettingsMixin

__all__ = ["SampleSettings"]


class SampleSettings(SettingsMixin, InvenTreePlugin):
    """Greets as the settings say."""

    NAME = "SampleSettings"
    SLUG = "sample-settings"
    TITLE = "Greet as you like"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"
    SETTINGS = {  # noqa: RUF012 - as servers expect it
        "GREETING": {
            "name": "Greeting",
            "default": "hello",
            "choices": [("hello", "Hello"), ("moin", "Moin")],
        },
        "TIMES": {"name": "How often", "validator": int, "default": 1},
        "LOUD": {"name": "Aloud", "validator": bool, "default": False},
        "TOKEN": {"name": "Token", "protected": True, "default": ""},
    }

    def greet(self) -> str:
        """Return the greeting."""
        text = " ".join([str(self.get_setting("GREETING"))] * self.get_setting("TIMES"))
        return text.upper() if self.get_setting("LOUD") else text
