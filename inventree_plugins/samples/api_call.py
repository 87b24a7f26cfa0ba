"""A sample of APICallMixin: ask an external service, whose address and token are settings."""

from __future__ import annotations

from typing import Any

from inventree_plugins.sdk import APICallMixin, InvenTreePlugin, SettingsMixin

__all__ = ["SampleApiCall"]


class SampleApiCall(APICallMixin, SettingsMixin, InvenTreePlugin):
    """Asks a service for the price of a part."""

    NAME = "SampleApiCall"
    SLUG = "sample-api-call"
    TITLE = "Look prices up"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"
    API_URL_SETTING = "PRICES_URL"
    API_TOKEN_SETTING = "PRICES_TOKEN"  # noqa: S105 - the name of a setting
    SETTINGS = {  # noqa: RUF012 - as servers expect it
        "PRICES_URL": {"name": "Address", "default": "prices.example.com"},
        "PRICES_TOKEN": {"name": "Token", "protected": True, "default": ""},
    }

    def price(self, part: str) -> Any:
        """Return the price; raise APICallError where the service gives none."""
        return self.api_call("prices", url_args={"part": part})["price"]
