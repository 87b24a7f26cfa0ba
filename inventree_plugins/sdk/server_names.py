"""What servers from 0.6 to 1.5 have below `plugin`: modules, functions, and what `import *` brings."""

from __future__ import annotations

import re

from inventree_plugins.vocabulary import MIXINS

__all__ = ["CORE_MODULES", "FUNCTIONS", "OTHER_MIXINS", "TOP", "is_module", "starred"]

TOP = "plugin"

# Where the base class comes from.
CORE_MODULES = frozenset({"plugin", "plugin.action", "plugin.integration", "plugin.plugin"})

# Areas and mixins of later servers too, but nothing below a module that has nothing below it.
_MODULE = re.compile(
    r"""plugin(
    \.(action|admin|api|apps|base|builtin|events|helpers|installer|integration|loader|machine)
    |\.(mixins|models|plugin|registry|serializers|staticfiles|template|templatetags|urls|views)
    |\.machine\.machine_types|\.templatetags\.plugin_extras
    |\.base\.[a-z]\w*(\.(admin|api|events|helpers?|label|mail|mixins|models|serializers|tasks))?
    |\.base\.integration\.(\w+Mixin|DataExport)
    |\.builtin\.(action|barcodes?|events|exporter|integration|labels|suppliers)(\.[a-z]\w*)?
    )?""",
    re.VERBOSE,
)

# By name alone: in which module each is differs by version.
FUNCTIONS = frozenset(
    {"add_plugin_to_file", "after_delete", "after_save", "allow_table_event", "barcode_plugins"}
    | {"batch_events", "bulk_trigger_event", "call_machine_function", "check_git_version"}
    | {"check_package_path", "check_plugin", "clear_plugin_static_files", "clear_plugins_static_files"}
    | {"clear_static_dir", "collect_plugins_static_files", "copy_plugin_static_files", "generate_barcode"}
    | {"get_classes", "get_entrypoints", "get_final_methods", "get_git_log", "get_install_info"}
    | {"get_modules", "get_plugin_urls", "get_plugins", "get_supplier_plugin"}
    | {"get_supported_barcode_model_codes_map", "get_supported_barcode_models"}
    | {"get_supported_barcode_models_map", "handle_error", "handle_pip_error", "install_plugin"}
    | {"install_plugins_file", "is_method_like", "log_error", "log_registry_error", "pip_command"}
    | {"plugins_file_hash", "print_label", "process_event", "process_mail_in", "process_mail_out"}
    | {"register_event", "registry_entrypoint", "render_template", "render_text", "uninstall_plugin"}
    | {"update_plugins_file", "validate_package_plugin"}
)

# Classes that are called so and are no mixins of plugins.
OTHER_MIXINS = frozenset(
    {"BarcodeAssignMixin", "BarcodeScanResultMixin", "InvenTreePluginViewMixin", "MetadataMixin", "PlgMixin"}
)

_ERRORS = ["MixinImplementationError", "MixinNotImplementedError"]
_BASES = ["ActionPlugin", "IntegrationPluginBase", "InvenTreePlugin", "InvenTreePluginBase"]
_STARRED = {
    "plugin": [*_BASES, *_ERRORS, "PluginMixinEnum", "registry"],
    "plugin.action": ["ActionMixin", "ActionPlugin"],
    "plugin.events": ["PluginEvents", "process_event", "register_event", "trigger_event"],
    "plugin.helpers": ["IntegrationPluginError", *_ERRORS, "get_plugins", "render_template", "render_text"],
    "plugin.integration": ["IntegrationPluginBase", "MixinBase"],
    "plugin.plugin": [*_BASES, "MetaBase", "MixinBase", "PluginMixinEnum", "VersionMixin", "mark_final"],
    "plugin.registry": ["PluginsRegistry", "call_function", "call_plugin_function", "registry"],
}


def is_module(name: str) -> bool:
    """Tell whether a server has, or one to come may have, a module of this name."""
    return _MODULE.fullmatch(name) is not None


def starred(module: str) -> list[str] | None:
    """Return what `from module import *` brings, None where nobody should."""
    last = module.rpartition(".")[2]
    if last == "mixins":
        return sorted(MIXINS)
    return [last] if last in MIXINS else _STARRED.get(module)
