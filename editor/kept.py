"""Subgraphs that a person keeps in the palette, to be put into other graphs: copied cards, each in a file. No Qt."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

from graphengine.tools.drawn.files import write_file

from . import commands
from .commands import Refused
from .commands.clipboard import MAX_TEXT
from .io.folders import data_folder, make_private
from .model import subgraphs
from .model.catalog import Kind
from .model.document import GraphDocument
from .model.items import SUBGRAPH, Card, Ref

FAMILY = "kept"                             # keys of their kinds: "kept/block"
LONGEST = 240                               # bytes of a file's name


class Kept:
    """The subgraphs in a folder.

    Parameters
    ----------
    folder : where they are; the person's own if None
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (data_folder() if folder is None else folder) / "subgraphs"
        self.listeners: list[Callable[[], None]] = []           # called after each change
        self._read: dict[Path, tuple[float, Kind]] = {}         # time of the file, what it looks like

    def keep(self, document: GraphDocument, subgraph: str) -> None:
        """Keep a subgraph by its name; one that was kept by this name is replaced.

        Raises
        ------
        Refused if it cannot be copied, or its name is too long. OSError if it cannot be written.
        """
        path = self.folder / f"{quote(subgraph, safe=' ')}.json"
        if len(path.name) > LONGEST:
            raise Refused("The name is too long to be kept: {0} bytes of at most {1}.", len(path.name), LONGEST)
        text = commands.copy_text(document, [Ref("card", subgraph)])
        make_private(self.folder)
        write_file(path, text.encode())
        self._tell()

    def forget(self, key: str) -> None:
        """Take one out of the palette, and its file away.

        Raises
        ------
        OSError if the file cannot be taken away.
        """
        for path in self._files(name_of(key)):
            path.unlink(missing_ok=True)
        self._tell()

    def has(self, name: str) -> bool:
        return bool(self._files(name))

    def text(self, key: str) -> str:
        """The copied cards of a kind that `kinds` gives.

        Raises
        ------
        Refused if its file is gone, or cannot be read.
        """
        name = name_of(key)
        path = next(iter(self._files(name)), None)
        if path is None:
            raise Refused("The kept subgraph {0!r} is gone.", name)
        try:
            with open(path, encoding="utf8") as file:
                return file.read(MAX_TEXT + 1)
        except (OSError, UnicodeDecodeError) as error:
            raise Refused("The kept subgraph {0!r} cannot be read: {1}.", name, error) from None

    def kinds(self) -> Mapping[str, Kind]:
        """What they look like in a palette, by key, in the order of their names; broken ones say so."""
        found = {}
        for path in self._files():
            try:
                changed = path.stat().st_mtime
            except FileNotFoundError:           # another window has just taken it away
                continue
            known = self._read.get(path)
            found[path] = known if known is not None and known[0] == changed else (
                changed, self._kind(f"{FAMILY}/{unquote(path.stem)}"))
        self._read = found
        return {kind.key: kind for _, kind in found.values()}

    def look(self) -> None:
        """Tell if another window has changed what is there."""
        before = self._read
        self.kinds()
        if self._read != before:
            self._tell()

    def _kind(self, key: str) -> Kind:
        kind = replace(subgraphs.KIND, key=key, title=name_of(key))
        document = GraphDocument([])
        try:
            document.do(commands.paste(document, self.text(key), 0, 0))
        except Refused as refused:
            return replace(kind, summary=str(refused))
        cards = [card for card in document.cards if card.kind != SUBGRAPH]
        outer = next((part.id for part in document.parts("") if isinstance(part, Card) and part.kind == SUBGRAPH), "")
        return replace(kind, summary=f"A kept subgraph of {len(cards)} card{'s' * (len(cards) != 1)}.",
                       inputs=tuple(port.socket for port in subgraphs.inputs(document, outer)),
                       outputs=tuple(port.socket for port in subgraphs.outputs(document, outer)))

    def _files(self, name: str | None = None) -> list[Path]:
        """The files, or those of a name, which `keep` may spell otherwise. Pipes and the like are none."""
        return [path for path in sorted(self.folder.glob("*.json"))
                if path.is_file() and name in (None, unquote(path.stem))]

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()


def name_of(key: str) -> str:
    return key.partition("/")[2]

