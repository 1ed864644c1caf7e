"""Write the pages of the reference: one for each room of the package, and one for the commands.

A name that a room exports is described in the room, under the name by which it is imported. All other public
names are described under the file that defines them.
"""

import argparse
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import docstrings
from sphinx.pycode import ModuleAnalyzer

import minimaskrcnn
from minimaskrcnn.cli import build_parser

ROOF = "minimaskrcnn"
NOT_TO_CALL = ("minimaskrcnn.exercises.tasks",)  # an exercise is reached by its name, and holds wrong answers


def write(folder: Path) -> None:
    """Write `index.rst`, a page for each room, and `commands.rst` into a new folder."""
    folder.mkdir(parents=True)
    rooms = [name for _, name, _ in pkgutil.iter_modules(minimaskrcnn.__path__) if not name.startswith("_")]
    for room in rooms:
        (folder / f"{room}.rst").write_text(room_page(f"{ROOF}.{room}"), "utf-8")
    (folder / "commands.rst").write_text(commands_page(), "utf-8")
    (folder / "index.rst").write_text(index_page(rooms), "utf-8")


def index_page(rooms: list[str]) -> str:
    """Return the list of all rooms, each with the first sentence of its docstring."""
    rows = [
        f":doc:`{ROOF}.{room} <{room}>`\n   {summary(import_module(f'{ROOF}.{room}'))}\n" for room in rooms
    ]
    contents = ".. toctree::\n   :hidden:\n\n" + "".join(f"   {room}\n" for room in rooms)
    return f"{heading('The package', '=')}{summary(minimaskrcnn)}\n\n{''.join(rows)}\n{contents}"


def room_page(name: str) -> str:
    """Return the page of one room: what it exports, then what its files define beside that."""
    room = import_module(name)
    exported = [entry for entry in getattr(room, "__all__", []) if not inspect.ismodule(getattr(room, entry))]
    parts = [heading(name, "="), declared(room), prose(room), *described(name, exported)]
    shown = {id(getattr(room, entry)) for entry in exported}
    for module in files_of(room):
        own = [entry for entry in own_names(module) if id(getattr(module, entry)) not in shown]
        if own:
            parts += (
                [] if module is room else [heading(module.__name__, "-"), declared(module), prose(module)]
            )
            parts += described(module.__name__, own)
    return "".join(parts)


def declared(module: ModuleType) -> str:
    """Return the directive to which links to a file lead."""
    return f".. py:module:: {module.__name__}\n\n"


def files_of(room: ModuleType) -> Iterator[ModuleType]:
    """Yield the room itself and every file and room in it, without private ones."""
    yield room
    for _, name, _ in pkgutil.walk_packages(getattr(room, "__path__", []), f"{room.__name__}."):
        if not any(part.startswith("_") for part in name.split(".")) and not name.startswith(NOT_TO_CALL):
            yield import_module(name)


def own_names(module: ModuleType) -> list[str]:
    """Return the public classes, functions and described constants that a file defines, in its order."""
    told = constants(module)
    return [name for name, value in vars(module).items() if name in told or is_own(module, name, value)]


def is_own(module: ModuleType, name: str, value: object) -> bool:
    """Tell whether a name is a public class or function of this file."""
    kind = inspect.isclass(value) or inspect.isfunction(value)
    return kind and not name.startswith("_") and getattr(value, "__module__", "") == module.__name__


def described(module: str, names: list[str]) -> Iterator[str]:
    """Yield the directive that describes each name."""
    for name in names:
        value = getattr(import_module(module), name)
        if inspect.isclass(value):
            yield f".. autoclass:: {module}.{name}\n   :members:\n\n"
        elif inspect.isroutine(value):
            yield f".. autofunction:: {module}.{name}\n\n"
        else:
            words = "\n".join(f"   {line}" for line in docstrings.plain(words_below(module, name)))
            yield f".. py:data:: {name}\n   :module: {module}\n\n{words}\n\n"


def words_below(module: str, name: str) -> list[str]:
    """Return the string that stands below a constant, in whichever file of the room defines it."""
    for file in files_of(import_module(module)):
        words = constants(file).get(name)
        if words:
            return words
    return []


def constants(file: ModuleType) -> dict[str, list[str]]:
    """Return the constants of a file that have a string below them, and its lines."""
    found = ModuleAnalyzer.for_module(file.__name__).find_attr_docs()
    return {name: lines for (owner, name), lines in found.items() if not owner and not name.startswith("_")}


def commands_page() -> str:
    """Return what `--help` says of each command."""
    parser = build_parser()
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    parts = [heading("The command line", "="), "The help of each command, as the program prints it.\n\n"]
    for name, command in {"minimaskrcnn": parser, **commands.choices}.items():
        lines = command.format_help().splitlines()
        text = "\n".join(f"   {line}".rstrip() for line in lines)
        parts.append(f"{heading(name, '-')}.. code-block:: text\n\n{text}\n\n")
    return "".join(parts)


def heading(text: str, line: str) -> str:
    """Return an underlined heading."""
    return f"{text}\n{line * len(text)}\n\n"


def summary(module: ModuleType) -> str:
    """Return the first sentence of a docstring."""
    return (inspect.getdoc(module) or "").partition("\n\n")[0].replace("\n", " ")


def prose(module: ModuleType) -> str:
    """Return the docstring of a file."""
    return "\n".join(docstrings.plain((inspect.getdoc(module) or "").split("\n"))) + "\n\n"
