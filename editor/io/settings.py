"""What the editor remembers between starts: a JSON object in the person's folder. No Qt."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from graphengine.tools.drawn.files import write_file

from .folders import config_folder, make_private

LARGEST = 4 * 2**20                         # bytes
RECENT = 12                                 # files that are remembered


class Settings:
    """Values by name, kept in ``settings.json``; each change is written at once, whole or not at all.

    A file that cannot be read counts as empty; it is put aside as ``settings.json.broken``, not thrown away. A value
    that cannot be written, since the disk is full, holds until the editor ends.

    Parameters
    ----------
    folder : where the file is; the person's own if None
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.file = (config_folder() if folder is None else folder) / "settings.json"
        self._values = self._read()

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name; `default` also if what is there is of another type than the default."""
        value = self._values.get(name, default)
        fits = default is None or isinstance(value, type(default)) or (
            isinstance(default, float) and isinstance(value, int))
        return value if fits and isinstance(value, bool) <= isinstance(default, bool | None) else default

    def set(self, name: str, value: Any) -> None:
        """Keep a JSON value; None forgets the name. What other windows wrote meanwhile stays.

        Raises
        ------
        TypeError if the value is no JSON.
        """
        json.dumps(value)
        if self._values.get(name) == value and self.file.exists():
            return
        self._values = {**self._read(), name: value} if self.file.exists() else {**self._values, name: value}
        if value is None:
            del self._values[name]
        text = json.dumps(self._values, indent=1, sort_keys=True, ensure_ascii=False)
        try:
            make_private(self.file.parent)
            write_file(self.file, text.encode())
        except OSError:
            return                          # the value holds for this start; nobody loses work by it

    def _read(self) -> dict[str, Any]:
        try:
            if self.file.stat().st_size > LARGEST:
                raise ValueError("it is too large")
            found = json.loads(self.file.read_text(encoding="utf8"))
            if not isinstance(found, dict):
                raise ValueError("it is no object")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            self._put_aside()
            return {}
        return found

    def _put_aside(self) -> None:
        try:
            os.replace(self.file, self.file.with_name("settings.json.broken"))
        except OSError:
            return

    def names(self) -> list[str]:
        """Names that have a value."""
        return list(self._values)

    def memory(self, prefix: str) -> SettingsMemory:
        """Values whose names begin with a prefix, as a mapping."""
        return SettingsMemory(self, prefix)

    # ------------------------------------------------ recent files

    @property
    def recent_files(self) -> list[Path]:
        """Files that were opened or saved, the last one first; those that are gone are left out."""
        names = [name for name in self.get("recent", []) if isinstance(name, str) and "\0" not in name]
        return [Path(name) for name in names if os.path.isfile(name)]

    def remember_file(self, path: str | os.PathLike[str]) -> None:
        """Put a file first among the recent ones."""
        name = os.path.realpath(path)
        others = [other for other in self.get("recent", []) if isinstance(other, str) and other != name]
        self.set("recent", [name, *others][:RECENT])

    def forget_files(self) -> None:
        self.set("recent", None)


class SettingsMemory(MutableMapping[str, Any]):
    """Some of the settings as a mapping, for whoever keeps values without knowing where."""

    def __init__(self, settings: Settings, prefix: str) -> None:
        self._settings, self._prefix = settings, f"{prefix}."

    def __getitem__(self, name: str) -> Any:
        found = self._settings.get(self._prefix + name)
        if found is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: str, value: Any) -> None:
        self._settings.set(self._prefix + name, value)

    def __delitem__(self, name: str) -> None:
        self._settings.set(self._prefix + name, None)

    def __iter__(self) -> Iterator[str]:
        return (n.removeprefix(self._prefix) for n in self._settings.names() if n.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)
