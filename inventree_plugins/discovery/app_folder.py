"""What Django would find in a plugin's package: an app's configuration, models and migrations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inventree_plugins.anatomy import AppFolder, Attribute, NotKnown
from inventree_plugins.discovery.data import as_data
from inventree_plugins.discovery.facts import ClassFacts
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.values import MISSING, ClassRef, External, Module

__all__ = ["app_folder"]


def app_folder(module: Module, folder: Path | None, *, in_directory: bool, resolver: Resolver) -> AppFolder:
    """Look at a plugin's package as an app of Django's.

    The server takes the top-level package of what is installed, but in a plugin directory the very folder
    of the plugin's file.
    """
    path = Path(module.path)
    if folder is None:
        return AppFolder(module.name, path, is_package=False)
    home = path.parent if in_directory else folder
    parts = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    package = ".".join(parts) if in_directory else parts[0]
    names = resolver.modules.listing(str(home))
    config = _config(package, home, resolver) if "apps.py" in names else None
    name = _attribute(config, "name", resolver) if config else None
    return AppFolder(
        package,
        home,
        is_package=True,
        has_config="apps.py" in names,
        config_name=name.value if name and isinstance(name.value, str) else None,
        config_line=name.line if name else None,
        label=_label(config, package, resolver),
        folders=frozenset(name for name in names if "." not in name),
        models=tuple(_models(package, home, resolver)),
        migrations=tuple(name for name in _files(home / "migrations", resolver) if name[0] not in "_~"),
    )


def _files(folder: Path, resolver: Resolver) -> list[str]:
    return sorted(name for name in resolver.modules.listing(str(folder)) if name.endswith(".py"))


def _config(package: str, home: Path, resolver: Resolver) -> ClassRef | None:
    """Return the AppConfig of `apps.py` that Django takes: the only one, or the one marked as default."""
    module = resolver.modules.module(f"{package}.apps", str(home / "apps.py"))
    classes = (ClassRef(module, index) for index, facts in enumerate(module.facts.classes) if not facts.outer)
    marks = {
        cls: resolver.class_attribute(cls, "default")
        for cls in classes
        if _derives_from(cls, "AppConfig", resolver)
    }
    found = [cls for cls, mark in marks.items() if mark is not False]
    if len(found) > 1:
        found = [cls for cls, mark in marks.items() if mark is True]
    return found[0] if len(found) == 1 else None


def _attribute(cls: ClassRef, name: str, resolver: Resolver) -> Attribute | None:
    """Return what the class or one of its bases binds to the name, None when none does."""
    value = resolver.class_attribute(cls, name)
    if value is MISSING:
        return None
    bindings = cls.facts.names.get(name)
    return Attribute(as_data(value), Path(cls.module.path), bindings[-1][2] if bindings else cls.facts.line)


def _label(config: ClassRef | None, package: str, resolver: Resolver) -> str | NotKnown:
    """Return what Django calls the app in its tables: its AppConfig's label, else the package's last name."""
    found = _attribute(config, "label", resolver) if config else None
    if found is None:
        return package.rpartition(".")[2]
    if isinstance(found.value, (str, NotKnown)):
        return found.value
    return NotKnown("it is no text", found.path, found.line)


def _models(package: str, home: Path, resolver: Resolver) -> Iterator[str]:
    inside = [f"models/{name}" for name in _files(home / "models", resolver)]
    for name in [*(name for name in _files(home, resolver) if name == "models.py"), *inside]:
        dotted = name.removesuffix(".py").replace("/", ".")
        module = resolver.modules.module(f"{package}.{dotted}", str(home / name))
        for index, facts in enumerate(module.facts.classes):
            if facts.outer is None and _is_model(ClassRef(module, index), resolver):
                yield facts.name


def _is_model(cls: ClassRef, resolver: Resolver) -> bool:
    return _derives_from(cls, "Model", resolver) and not _has_no_table(cls.facts, cls.module)


def _derives_from(cls: ClassRef, name: str, resolver: Resolver) -> bool:
    return any(isinstance(each, External) and each.name == name for each in resolver.order(cls))


def _has_no_table(facts: ClassFacts, module: Module) -> bool:
    for binding in facts.names.get("Meta", ()):
        if binding[0] == "class":
            meta = module.facts.classes[binding[1]].names
            options = {name: bindings[-1][1] for name, bindings in meta.items()}
            is_derived = options.get("abstract") is True or options.get("proxy") is True
            return is_derived or options.get("managed") is False
    return False
