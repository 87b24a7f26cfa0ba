"""What Django would find in a plugin's package: an app's configuration, models and migrations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inventree_plugins.anatomy import AppFolder
from inventree_plugins.discovery.facts import ClassFacts
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.values import ClassRef, External, Module

__all__ = ["app_folder"]


def app_folder(module: Module, folder: Path | None, *, resolver: Resolver) -> AppFolder:
    """Look at the package around a plugin's module, as an app of Django's."""
    path = Path(module.path)
    home = folder or path.parent
    depth = len(path.parent.relative_to(home).parts) + (0 if module.is_package else 1)
    package = ".".join(module.name.split(".")[: len(module.name.split(".")) - depth]) or module.name
    if folder is None:
        return AppFolder(module.name, path, is_package=False, has_config=False, models=(), migrations=())
    return AppFolder(
        package,
        home,
        is_package=True,
        has_config=(home / "apps.py").is_file(),
        models=tuple(_models(package, home, resolver)),
        migrations=tuple(
            sorted(each.name for each in (home / "migrations").glob("*.py") if each.stem != "__init__")
        ),
    )


def _models(package: str, home: Path, resolver: Resolver) -> Iterator[str]:
    files = sorted((home / "models").glob("*.py"))
    for path in [home / "models.py", *files]:
        if path.is_file():
            stem = "models" if path.name == "models.py" else f"models.{path.stem}"
            module = resolver.modules.module(f"{package}.{stem}", str(path))
            for index, facts in enumerate(module.facts.classes):
                if facts.outer is None and _is_model(ClassRef(module, index), resolver):
                    yield facts.name


def _is_model(cls: ClassRef, resolver: Resolver) -> bool:
    order = resolver.order(cls)
    return any(isinstance(each, External) and each.name == "Model" for each in order) and not _is_abstract(
        cls.facts, cls.module
    )


def _is_abstract(facts: ClassFacts, module: Module) -> bool:
    for binding in facts.names.get("Meta", ()):
        if binding[0] == "class":
            meta = module.facts.classes[binding[1]].names
            return any(each[1] is True for name in ("abstract", "proxy") for each in meta.get(name, ()))
    return False
