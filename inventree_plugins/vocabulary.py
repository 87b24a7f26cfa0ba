"""InvenTree's own words: base classes, attributes, mixins, switches and slugs (SPEC §2, §3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = [
    "BASE_CLASSES",
    "BASE_MODULES",
    "BUILTIN_SLUGS",
    "ENTRY_POINT_GROUP",
    "FINAL_MEMBERS",
    "FINAL_SINCE",
    "LEGACY_ATTRIBUTES",
    "LEGACY_BASE_CLASSES",
    "MANDATORY_SLUGS",
    "MARKED_FINAL_MEMBERS",
    "MIXINS",
    "PLUGIN_ATTRIBUTES",
    "REGISTRY_HASH",
    "SERVER_LIBRARIES",
    "SERVER_PACKAGES",
    "TRUE_WORDS",
    "Mixin",
    "mixin_keys",
]

ENTRY_POINT_GROUP = "inventree_plugins"

# The global setting by whose value server processes notice that they shall reload (SPEC §3).
REGISTRY_HASH = "_PLUGIN_REGISTRY_HASH"

BASE_CLASSES = frozenset({"InvenTreePlugin", "IntegrationPluginBase"})
LEGACY_BASE_CLASSES = frozenset({"IntegrationPluginBase"})
BASE_MODULES = frozenset({"plugin", "plugin.plugin", "plugin.integration"})

# Legacy spelling -> the one that modern servers read.
LEGACY_ATTRIBUTES = {"PLUGIN_NAME": "NAME", "PLUGIN_SLUG": "SLUG", "PLUGIN_TITLE": "TITLE"}

# Members of the base class that raise INVE-E11 when a plugin's class overrides them (SPEC §2).
FINAL_MEMBERS = frozenset(
    {"_get_package_commit", "_get_package_metadata", "add_mixin", "check_is_builtin", "check_is_package"}
    | {"check_is_sample", "check_package_install_name", "check_package_path", "check_version"}
    | {"get_meta_value", "get_registered_mixins", "is_active", "is_builtin", "is_editable", "is_mandatory"}
    | {"mixin", "mixin_enabled", "plugin_config", "plugin_name", "plugin_slug", "plugin_static_file"}
    | {"plugin_title", "setup_mixin"}
)
# Marked as final as well; but servers up to 1.5 look past properties and these class methods (run on 1.5).
MARKED_FINAL_MEMBERS = frozenset(
    {"_is_package", "author", "description", "file", "human_name", "is_sample", "license", "name"}
    | {"package_install_name", "package_path", "path", "pub_date", "registered_mixins", "settings_url"}
    | {"slug", "version", "website"}
)
FINAL_SINCE = (1, 0)

# What a server reads as true in a stored setting: any other text is false (SPEC §2).
TRUE_WORDS = frozenset({"1", "y", "yes", "t", "true", "ok", "on"})

# What a plugin class, or one of its mixins, is described with (SPEC §2, §5).
PLUGIN_ATTRIBUTES = (
    *("NAME", "SLUG", "TITLE", *LEGACY_ATTRIBUTES, "AUTHOR", "DESCRIPTION", "VERSION", "WEBSITE", "LICENSE"),
    *("PUBLISH_DATE", "MIN_VERSION", "MAX_VERSION", "SETTINGS", "USER_SETTINGS", "ADMIN_SOURCE"),
    *("ACTION_NAME", "API_METHOD", "API_URL_SETTING", "API_TOKEN_SETTING", "API_TOKEN"),
    *("NAVIGATION", "NAVIGATION_TAB_NAME", "NAVIGATION_TAB_ICON", "SCHEDULED_TASKS", "URLS"),
)

# The top-level packages of a server's source root, of all versions.
SERVER_PACKAGES = frozenset(
    {"InvenTree", "barcodes", "build", "common", "company", "data_exporter", "generic", "importer", "label"}
    | {"machine", "order", "part", "plugin", "report", "stock", "users", "web"}
)

# Modules of the packages that a server needs itself: where one is missing, the environment is no server's.
SERVER_LIBRARIES = frozenset(
    {"allauth", "babel", "barcode", "bleach", "coreapi", "corsheaders", "cryptography"}
    | {"dateutil", "django", "django_filters", "django_q", "django_redis", "djmoney", "docutils"}
    | {"dotenv", "drf_spectacular", "dulwich", "error_report", "feedparser", "flags", "icalendar"}
    | {"import_export", "jinja2", "maintenance_mode", "markdown", "markdownify", "moneyed", "mptt"}
    | {"nh3", "oauth2_provider", "opentelemetry", "packaging", "pdf2image", "PIL", "pint"}
    | {"pkg_resources", "ppf", "pypdf", "pytz", "qrcode", "rapidfuzz", "redis", "requests"}
    | {"rest_framework", "rest_framework_simplejwt", "sentry_sdk", "sesame", "setuptools", "six"}
    | {"stdimage", "storages", "structlog", "tablib", "taggit", "typing_extensions", "urllib3"}
    | {"weasyprint", "whitenoise", "yaml"}
)


class Mixin(NamedTuple):
    """A mixin's key, as the server reports it, and the global setting that switches it on, if any.

    `base` is the mixin that its class derives from: a plugin has that one, too.
    """

    key: str
    switch: str | None = None
    base: str | None = None


# Class name -> key, integration switch and base.
MIXINS = {
    "ActionMixin": Mixin("action"),
    "APICallMixin": Mixin("api_call"),
    "AppMixin": Mixin("app", "ENABLE_PLUGINS_APP"),
    "BarcodeMixin": Mixin("barcode"),
    "CurrencyExchangeMixin": Mixin("currencyexchange"),
    "DataExportMixin": Mixin("exporter"),
    "EventMixin": Mixin("events", "ENABLE_PLUGINS_EVENTS"),
    "GlobalSettingsMixin": Mixin("settings"),
    "IconPackMixin": Mixin("icon_pack"),
    "LabelPrintingMixin": Mixin("labels"),
    "LocateMixin": Mixin("locate"),
    "MachineDriverMixin": Mixin("machine"),
    "MailMixin": Mixin("mail", "ENABLE_PLUGINS_MAILS"),
    "NavigationMixin": Mixin("navigation", "ENABLE_PLUGINS_NAVIGATION"),
    "NotificationMixin": Mixin("notification"),
    "PanelMixin": Mixin("panel"),
    "ReportMixin": Mixin("report"),
    "ScheduleMixin": Mixin("schedule", "ENABLE_PLUGINS_SCHEDULE"),
    "SettingsContentMixin": Mixin("settingscontent"),
    "SettingsMixin": Mixin("settings"),
    "SupplierBarcodeMixin": Mixin("supplier-barcode", base="BarcodeMixin"),
    "SupplierMixin": Mixin("supplier", base="SettingsMixin"),
    "TransitionMixin": Mixin("statetransition"),
    "UrlsMixin": Mixin("urls", "ENABLE_PLUGINS_URL"),
    "UserInterfaceMixin": Mixin("ui", "ENABLE_PLUGINS_INTERFACE"),
    "ValidationMixin": Mixin("validation"),
    "WellKnownMixin": Mixin("wellknown"),
}


def mixin_keys(names: Iterable[str]) -> dict[str, str]:
    """Return the keys of these mixins and of those that they derive from, each with its class name."""
    with_bases = [each for name in names if name in MIXINS for each in (name, MIXINS[name].base) if each]
    return {MIXINS[name].key: name for name in dict.fromkeys(with_bases)}


# The newest known mandatory list (1.5), used only when the server's own registry.py cannot be read.
MANDATORY_SLUGS = frozenset(
    {
        "bom-exporter",
        "inventree-email-notification",
        "inventree-exporter",
        "inventree-machines",
        "inventree-ui-notification",
        "inventreebarcode",
        "inventreecurrencyexchange",
        "inventreelabel",
        "inventreelabelmachine",
        "parameter-exporter",
    }
)

# Slugs of built-in plugins of the servers seen so far: without a source root, their rows are no orphans.
BUILTIN_SLUGS = MANDATORY_SLUGS | {
    "autocreatebuilds",
    "autoiissueorders",
    "autoissueorders",
    "digikeyplugin",
    "inventree-slack-notification",
    "inventree-stocktake-exporter",
    "inventreecorenotificationsplugin",
    "inventreelabelsheet",
    "lcscplugin",
    "mouserplugin",
    "partnotificationsplugin",
    "tmeplugin",
}
