"""Where the editor keeps what is the person's: settings, and journals of documents that are not saved yet."""
from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

NAME = "graphengine-editor"


def config_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """The folder of settings; it may not be there yet. GRAPHENGINE_EDITOR_HOME overrules the system's habit."""
    return _folder("XDG_CONFIG_HOME", ".config", "APPDATA", environ, platform)


def data_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """The folder of journals; it may not be there yet. GRAPHENGINE_EDITOR_HOME overrules the system's habit."""
    return _folder("XDG_DATA_HOME", ".local/share", "LOCALAPPDATA", environ, platform)


def _folder(variable: str, usual: str, of_windows: str, environ: Mapping[str, str], platform: str) -> Path:
    if environ.get("GRAPHENGINE_EDITOR_HOME"):
        return Path(environ["GRAPHENGINE_EDITOR_HOME"])
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    if platform == "win32":
        return Path(environ.get(of_windows) or home / "AppData" / "Local") / NAME
    if platform == "darwin":
        return home / "Library" / "Application Support" / NAME
    chosen = environ.get(variable, "")
    return (Path(chosen) if os.path.isabs(chosen) else home / usual) / NAME


def make_private(folder: Path) -> Path:
    """Make a folder that only its owner may enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
