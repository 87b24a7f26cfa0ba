"""Which server has which of the modules and names that plugins import (InvenTree 0.6 to 1.5).

Read from the source of one release of each minor version. What is not listed is not known: nothing follows
from that.
"""

from __future__ import annotations

from typing import TypeAlias

from inventree_plugins.validation.interface import version_numbers

__all__ = ["NEWEST", "Span", "span_of"]

# The first minor version that has it, and the first that has it no more.
Span: TypeAlias = tuple[str, str | None]

# The newest server that the tables tell of.
NEWEST = "1.5"

_MODULES_BY_SPAN: dict[Span, str] = {
    ("0.6", "0.7"): (
        "plugin.action plugin.builtin.action.mixins plugin.builtin.barcode "
        "plugin.builtin.barcode.mixins plugin.builtin.integration.mixins plugin.integration "
        "plugin.loader"
    ),
    ("0.6", "0.9"): "plugin.builtin.action plugin.builtin.action.simpleactionplugin",
    ("0.6", None): (
        "plugin plugin.builtin plugin.builtin.integration plugin.events plugin.helpers "
        "plugin.mixins plugin.models plugin.plugin plugin.registry plugin.urls"
    ),
    ("0.7", "1.0"): "plugin.base.integration.mixins plugin.views",
    ("0.7", None): (
        "plugin.base plugin.base.action plugin.base.action.mixins plugin.base.barcodes "
        "plugin.base.barcodes.mixins plugin.base.event plugin.base.event.events "
        "plugin.base.event.mixins plugin.base.integration plugin.base.label "
        "plugin.base.label.label plugin.base.label.mixins plugin.base.locate.mixins "
        "plugin.builtin.barcodes plugin.builtin.barcodes.inventree_barcode "
        "plugin.builtin.integration.core_notifications plugin.template"
    ),
    ("0.12", None): (
        "plugin.base.integration.AppMixin plugin.base.integration.ReportMixin "
        "plugin.base.integration.ScheduleMixin plugin.base.integration.SettingsMixin "
        "plugin.base.integration.UrlsMixin"
    ),
    ("0.13", None): (
        "plugin.base.integration.APICallMixin plugin.base.integration.CurrencyExchangeMixin "
        "plugin.base.integration.ValidationMixin plugin.builtin.integration.currency_exchange "
        "plugin.builtin.labels plugin.builtin.labels.inventree_label "
        "plugin.builtin.labels.label_sheet plugin.builtin.suppliers "
        "plugin.builtin.suppliers.digikey plugin.builtin.suppliers.lcsc "
        "plugin.builtin.suppliers.mouser plugin.builtin.suppliers.tme plugin.installer"
    ),
    ("0.14", None): (
        "machine machine.machine_type machine.machine_types machine.machine_types.label_printer "
        "machine.models machine.registry plugin.builtin.labels.inventree_machine plugin.machine "
        "plugin.machine.machine_types"
    ),
    ("0.15", "1.0"): "plugin.base.integration.PanelMixin",
    ("0.15", None): "plugin.base.locate",
    ("0.16", None): "plugin.base.barcodes.helper plugin.base.icons.mixins plugin.staticfiles",
    ("0.17", None): "plugin.base.ui plugin.base.ui.mixins",
    ("1.0", "1.2"): "plugin.builtin.exporter.part_parameter_exporter",
    ("1.0", None): (
        "plugin.base.integration.DataExport plugin.base.integration.MachineMixin "
        "plugin.base.integration.NavigationMixin plugin.base.integration.NotificationMixin "
        "plugin.base.integration.TransitionMixin plugin.base.mail plugin.base.mail.mail "
        "plugin.base.mail.mixins plugin.builtin.events plugin.builtin.events.auto_create_builds "
        "plugin.builtin.events.auto_issue_orders plugin.builtin.exporter "
        "plugin.builtin.exporter.bom_exporter plugin.builtin.exporter.inventree_exporter "
        "plugin.builtin.exporter.stocktake_exporter plugin.builtin.integration.machine_types "
        "plugin.builtin.integration.part_notifications"
    ),
    ("1.1", None): (
        "machine.tasks plugin.base.supplier plugin.base.supplier.helpers plugin.base.supplier.mixins"
    ),
    ("1.2", None): "plugin.builtin.exporter.parameter_exporter",
}

_NAMES: dict[str, dict[str, Span]] = {
    "plugin": {
        "ActionPlugin": ("0.6", "0.7"),
        "IntegrationPluginBase": ("0.6", "0.8"),
        "InvenTreePlugin": ("0.7", None),
        "InvenTreePluginBase": ("0.6", "0.7"),
        "MixinImplementationError": ("0.6", None),
        "MixinNotImplementedError": ("0.6", None),
        "PluginMixinEnum": ("1.0", None),
        "registry": ("0.6", None),
    },
    "plugin.plugin": {
        "IntegrationPluginBase": ("0.7", "0.8"),
        "InvenTreePlugin": ("0.6", None),
        "InvenTreePluginBase": ("0.6", "0.7"),
        "MetaBase": ("0.7", None),
        "MixinBase": ("0.7", None),
        "PluginMixinEnum": ("1.0", None),
        "VersionMixin": ("0.9", None),
    },
    "plugin.integration": {
        "IntegrationPluginBase": ("0.6", "0.7"),
        "MixinBase": ("0.6", "0.7"),
    },
    "plugin.mixins": {
        "APICallMixin": ("0.6", None),
        "ActionMixin": ("0.6", None),
        "AppMixin": ("0.6", None),
        "BarcodeMixin": ("0.6", None),
        "BulkNotificationMethod": ("0.7", "1.0"),
        "CurrencyExchangeMixin": ("0.13", None),
        "DataExportMixin": ("1.0", None),
        "EventMixin": ("0.6", None),
        "IconPackMixin": ("0.16", None),
        "LabelPrintingMixin": ("0.7", None),
        "LocateMixin": ("0.7", None),
        "MachineDriverMixin": ("1.0", None),
        "MailMixin": ("1.0", None),
        "NavigationMixin": ("0.6", None),
        "NotificationMixin": ("1.0", None),
        "PanelMixin": ("0.7", "1.0"),
        "ReportMixin": ("0.12", None),
        "ScheduleMixin": ("0.6", None),
        "SettingsContentMixin": ("0.10", "1.0"),
        "GlobalSettingsMixin": ("0", "0.6"),
        "SettingsMixin": ("0.6", None),
        "WellKnownMixin": ("1.6", None),
        "SingleNotificationMethod": ("0.7", "1.0"),
        "SupplierBarcodeMixin": ("0.13", None),
        "SupplierMixin": ("1.1", None),
        "TransitionMixin": ("1.0", None),
        "UrlsMixin": ("0.6", None),
        "UserInterfaceMixin": ("0.17", None),
        "ValidationMixin": ("0.9", None),
        "supplier": ("1.1", None),
    },
    "plugin.helpers": {
        "GitStatus": ("0.6", "0.12"),
        "check_git_version": ("0.7", "0.12"),
        "log_error": ("0.6", "1.0"),
        "log_registry_error": ("1.0", None),
        "render_template": ("0.7", "1.0"),
        "render_text": ("0.7", "1.0"),
    },
    "plugin.registry": {
        "call_function": ("0.6", "0.17"),
        "call_plugin_function": ("0.17", None),
    },
    "plugin.events": {
        "BaseEventEnum": ("0.17", None),
        "PluginEvents": ("0.17", None),
        "batch_events": ("1.5", None),
        "bulk_trigger_event": ("1.5", None),
    },
    "plugin.models": {
        "MetadataMixin": ("0.7", "0.12"),
        "NotificationUserSetting": ("0.7", "1.0"),
        "PluginUserSetting": ("1.0", None),
    },
}

_MODULES = {name: span for span, names in _MODULES_BY_SPAN.items() for name in names.split()}


def span_of(module: str, name: str | None) -> Span | None:
    """Return which servers have a module, or a name of it, as far as is known."""
    span = _MODULES.get(module)
    if span is None or name is None:
        return span
    return _narrower(span, _NAMES.get(module, {}).get(name) or _MODULES.get(f"{module}.{name}"))


def _narrower(outer: Span, inner: Span | None) -> Span:
    if inner is None:
        return outer
    first = max(outer[0], inner[0], key=version_numbers)
    ends = [each for each in (outer[1], inner[1]) if each is not None]
    return first, min(ends, key=version_numbers) if ends else None
