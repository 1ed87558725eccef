"""``humor models``: list, show, verify, export, import and remove models."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import EXIT_CANNOT_SEGMENT, EXIT_DONE
from .arguments import given_path
from .terminal import JsonLines, say

if TYPE_CHECKING:
    from ..bundle.bundle import Bundle
    from ..bundle.store import Installed

_NAME_HELP = "a name from 'humor models list', or a folder"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command, its actions and their options."""
    parser = commands.add_parser(
        "models",
        help="list, show, verify, import and export models",
        description="Models that are installed here. Without an action they are listed.",
    )
    _add_common(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions")
    _add(actions, "list", "list what is installed")
    show = _add(actions, "show", "show a model's card")
    show.add_argument("name", metavar="NAME", nargs="?", help=f"{_NAME_HELP}; default: the default model")
    verify = _add(actions, "verify", "check the hashes of one model's files, or of all models'")
    verify.add_argument("name", metavar="NAME", nargs="?", help=_NAME_HELP)
    export = _add(actions, "export", "write a model as one zip, for machines without a network")
    export.add_argument("name", metavar="NAME", help=_NAME_HELP)
    export.add_argument("file", metavar="FILE.zip", type=given_path)
    export.add_argument("--replace", action="store_true", help="replace the file if it is there")
    install = _add(actions, "import", "install a model from a zip")
    install.add_argument("file", metavar="FILE.zip", type=given_path)
    install.add_argument("--replace", action="store_true", help="replace a model of the same name")
    remove = _add(actions, "remove", "delete a model that was imported")
    remove.add_argument("name", metavar="NAME", help="a name from 'humor models list'")
    _add(actions, "where", "show the folders in which models are looked for")


def _add(actions: argparse._SubParsersAction[Any], name: str, line: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=line, description=f"{line.capitalize()}.")
    _add_common(parser)
    # Here as well as before the action; main adds it there, and acts on it.
    parser.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS, help="show full tracebacks"
    )
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    # No default: the action's parser would overwrite what was given before the action.
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one event a line on stdout"
    )


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.

    Raises:
        BundleError: no such model, or it is damaged or refused.
        OutputError: the zip cannot be written.
        UsageError: the zip's name is not one.
    """
    say = _say_json if getattr(arguments, "json", False) else _say_text
    return _ACTIONS[arguments.action or "list"](arguments, say)


Say = Callable[[str, dict[str, Any]], None]


def _say_text(text: str, data: dict[str, Any]) -> None:
    say(text)


def _say_json(text: str, data: dict[str, Any]) -> None:
    from ..events import Event

    JsonLines()(Event("result", "models", data=data))


def _list(arguments: argparse.Namespace, say: Say) -> int:
    from ..bundle.store import DEFAULT_BUNDLE, installed_bundles, user_folder

    entries = installed_bundles()
    data = [_entry(entry) for entry in entries]
    if entries:
        text = _table([_row(entry, DEFAULT_BUNDLE) for entry in entries])
    else:
        text = (
            "No model is installed. 'humor models import FILE.zip' installs one; "
            f"it will be stored in {user_folder()}."
        )
    say(text, {"default": DEFAULT_BUNDLE, "models": data})
    return EXIT_DONE


def _entry(entry: Installed) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": entry.name,
        "folder": str(entry.folder),
        "shipped": entry.shipped,
        "hidden": entry.hidden,
        "problem": entry.problem or None,
    }
    if entry.bundle:
        manifest = entry.bundle.manifest
        data |= {
            "title": manifest.title,
            "kind": manifest.kind,
            "version": manifest.version,
            "architecture": manifest.architecture["name"],
            "licence": manifest.licence,
            "bytes": entry.bundle.size,
            "sha256": entry.bundle.sha256,
        }
    return data


def _row(entry: Installed, default: str) -> tuple[str, ...]:
    source = "shipped" if entry.shipped else "imported"
    if not entry.bundle:
        return (entry.name, "–", "–", "–", source, f"NOT USABLE: {entry.problem}")
    manifest = entry.bundle.manifest
    notes = [manifest.title]
    if entry.hidden:
        notes.append("(not used: the imported one of this name is)")
    elif entry.name == default:
        notes.append("(default)")
    size = f"{entry.bundle.size / 1e6:.1f} MB"
    return (entry.name, manifest.kind, manifest.version, size, source, " ".join(notes))


def _table(rows: list[tuple[str, ...]]) -> str:
    rows = [("NAME", "KIND", "VERSION", "SIZE", "FROM", "TITLE"), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _show(arguments: argparse.Namespace, say: Say) -> int:
    import json

    from ..bundle.card import make_card

    bundle = _bundle(arguments.name)
    data = {"folder": str(bundle.folder), "sha256": bundle.sha256}
    say(
        f"{make_card(bundle.manifest)}\nFolder: {bundle.folder}\nSHA-256 of the model: {bundle.sha256}",
        data | {"manifest": json.loads(bundle.manifest.to_json())},
    )
    return EXIT_DONE


def _verify(arguments: argparse.Namespace, say: Say) -> int:
    from ..bundle.store import installed_bundles
    from ..errors import BundleError

    if arguments.name:
        bundles = [_bundle(arguments.name)]
        problems: list[tuple[str, str]] = []
    else:
        entries = installed_bundles()
        bundles = [entry.bundle for entry in entries if entry.bundle]
        problems = [(str(entry.folder), entry.problem) for entry in entries if not entry.bundle]
    good = []
    for bundle in bundles:
        try:
            bundle.verify()
            good.append(bundle)
        except BundleError as error:
            problems.append((str(bundle.folder), str(error)))
    lines = [f"ok      {bundle.name}  {bundle.sha256}  {bundle.folder}" for bundle in good]
    lines += [f"FAILED  {problem}" for _, problem in problems]
    data = [{"name": bundle.name, "folder": str(bundle.folder), "ok": True} for bundle in good]
    data += [{"folder": folder, "ok": False, "problem": problem} for folder, problem in problems]
    say("\n".join(lines) or "No model is installed.", {"ok": not problems, "models": data})
    return EXIT_CANNOT_SEGMENT if problems else EXIT_DONE


def _export(arguments: argparse.Namespace, say: Say) -> int:
    from ..bundle.archive import export_bundle

    bundle = _bundle(arguments.name)
    export_bundle(bundle, arguments.file, arguments.replace)
    size = arguments.file.stat().st_size
    data = {"name": bundle.name, "file": str(arguments.file.absolute()), "bytes": size}
    say(
        f"Exported {bundle.name} to {arguments.file} ({size / 1e6:.1f} MB).\n"
        f"SHA-256 of the model: {bundle.sha256} (the import shows the same).",
        data | {"sha256": bundle.sha256},
    )
    return EXIT_DONE


def _import(arguments: argparse.Namespace, say: Say) -> int:
    from ..bundle.archive import import_bundle

    bundle = import_bundle(arguments.file, arguments.replace)
    say(
        f"Installed {bundle.name} ({bundle.manifest.title}) in {bundle.folder}.\n"
        f"SHA-256 of the model: {bundle.sha256}\n"
        f"Use it: humor segment STUDY_FOLDER --model {bundle.name} --output OUT",
        {"name": bundle.name, "folder": str(bundle.folder), "sha256": bundle.sha256},
    )
    return EXIT_DONE


def _remove(arguments: argparse.Namespace, say: Say) -> int:
    from ..bundle.store import remove_bundle

    folder = remove_bundle(arguments.name)
    say(f"Removed {folder}.", {"name": arguments.name, "folder": str(folder)})
    return EXIT_DONE


def _where(arguments: argparse.Namespace, say: Say) -> int:
    from ..bundle.store import FOLDER_VARIABLE, shipped_folders, user_folder

    own, shipped = user_folder(), shipped_folders()
    lines = [f"Imported models: {own}  (${FOLDER_VARIABLE} chooses another folder)"]
    lines += [f"Shipped models:  {folder}" for folder in shipped]
    say("\n".join(lines), {"user": str(own), "shipped": [str(folder) for folder in shipped]})
    return EXIT_DONE


def _bundle(name: str | None) -> Bundle:
    from ..bundle.bundle import load_bundle
    from ..bundle.store import find_bundle

    return load_bundle(find_bundle(name))


_ACTIONS: dict[str, Callable[[argparse.Namespace, Say], int]] = {
    "list": _list,
    "show": _show,
    "verify": _verify,
    "export": _export,
    "import": _import,
    "remove": _remove,
    "where": _where,
}
