"""Documentation in numpydoc's form as rich text for Qt's labels and browsers."""
from __future__ import annotations

import html
import re
from collections.abc import Mapping

from editor.model.catalog import Kind
from editor.theme import theme

# Sections in which "name : text" lines are a list.
LISTS = frozenset({"Parameters", "Returns", "Raises", "Shapes", "Attributes", "Yields"})
FIXED = "'JetBrains Mono', 'DejaVu Sans Mono', monospace"
_ENTRY = re.compile(r"^(?P<name>\S.*?) : (?P<text>.*)$")


def documentation(kind: Kind) -> str:
    """A kind's documentation in the present look."""
    colors = {name: theme.color(name).name() for name in ("text2", "text3", "accent")}
    return rich_text(kind.doc or kind.summary, colors)


def rich_text(doc: str, colors: Mapping[str, str]) -> str:
    """A docstring as HTML: formulas and examples set apart, sections with headings, `code` in the fixed font.

    Parameters
    ----------
    doc : as plain text
    colors : colours by the names "text2", "text3" and "accent", as #RRGGBB
    """
    parts = []
    for heading, lines in _sections(doc):
        if heading:
            parts.append(f'<p style="margin: 12px 0 2px 0; color: {colors["text3"]}; font-size: 11px; '
                         f'font-weight: 600">{html.escape(heading)}</p>')
        parts.append(_list(lines, colors) if heading in LISTS else _blocks(lines, colors))
    return "".join(parts)


def _sections(doc: str) -> list[tuple[str, list[str]]]:
    """The text before the first heading, then each heading with its lines."""
    lines = doc.expandtabs().splitlines()
    sections: list[tuple[str, list[str]]] = [("", [])]
    k = 0
    while k < len(lines):
        following = lines[k + 1].strip() if k + 1 < len(lines) else ""
        if len(following) >= 3 and not following.strip("-=") and lines[k].strip():
            sections.append((lines[k].strip(), []))
            k += 2
        else:
            sections[-1][1].append(lines[k])
            k += 1
    return [(heading, body) for heading, body in sections if heading or any(map(str.strip, body))]


def _list(lines: list[str], colors: Mapping[str, str]) -> str:
    """Entries "name : meaning", each with the lines that go on from it; what follows an empty line is plain text."""
    parts: list[str] = []
    for k, line in enumerate(lines):
        if not line.strip():
            rest = lines[k + 1:]
            return "".join(parts) + (_blocks(rest, colors) if not any(map(_ENTRY.match, rest)) else _list(rest, colors))
        entry = _ENTRY.match(line)
        name = f'<span style="font-weight: 600">{html.escape(entry["name"])}</span>&nbsp; ' if entry else ""
        text = _inline(entry["text"] if entry else line.strip(), colors)
        if entry or not parts:
            parts.append(f'<p style="margin: 3px 0 0 0">{name}<span style="color: {colors["text2"]}">{text}</span></p>')
        else:
            parts[-1] = parts[-1].removesuffix("</span></p>") + f" {text}</span></p>"
    return "".join(parts)


def _blocks(lines: list[str], colors: Mapping[str, str]) -> str:
    """Paragraphs, and indented or prompted lines as they stand."""
    parts: list[str] = []
    block: list[str] = []
    fixed = False

    def close() -> None:
        if any(map(str.strip, block)):
            text = _outdent(block)
            parts.append(
                f'<pre style="margin: 6px 0; color: {colors["text2"]}; font-family: {FIXED}; font-size: 11px; '
                f'white-space: pre-wrap">{html.escape(text)}</pre>' if fixed else
                f'<p style="margin: 4px 0">{_inline(" ".join(text.split()), colors)}</p>')
        block.clear()

    for line in lines:
        is_fixed = line.startswith(("    ", ">>>", "..."))
        if not line.strip():
            if not fixed:
                close()
            else:
                block.append("")
            continue
        if is_fixed != fixed:
            close()
            fixed = is_fixed
        block.append(line)
    close()
    return "".join(parts)


def _outdent(lines: list[str]) -> str:
    depth = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[depth:] for line in lines).strip("\n")


def _inline(text: str, colors: Mapping[str, str]) -> str:
    """Text with `code` in the fixed font and *emphasis*."""
    style = f"font-family: {FIXED}; color: {colors['accent']}"
    safe = re.sub(r"``?([^`]+)``?", rf'<code style="{style}">\1</code>', html.escape(text))
    return re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])", r"<i>\1</i>", safe)
