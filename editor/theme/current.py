"""The look that is on now: colours, pens and fonts that are made once, and the switch between dark and light.

Who keeps something that is drawn from it (a cached picture, an icon) listens to `Theme.changed`.
"""
from __future__ import annotations

import functools
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .fonts import MONO, ROLES
from .stylesheet import GLYPHS, stylesheet
from .tokens import DARK, HUES, LIGHT, Tokens, category_hue, mix

ASSETS = Path(str(resources.files("editor") / "assets"))
Scheme = QtCore.Qt.ColorScheme
SOLID = QtCore.Qt.PenStyle.SolidLine


class Theme(QtCore.QObject):
    """Colours, pens, brushes and fonts by name; the objects are shared, so nobody may change them.

    Attributes
    ----------
    tokens : the look that is on
    mode : what was asked for: "dark", "light" or "system"
    reduced_motion : nothing moves by itself; set by the person
    changed : signal, after the look or the motion has changed
    """

    changed = QtCore.Signal()

    def __init__(self) -> None:
        super().__init__()
        self.tokens: Tokens = DARK
        self.mode = "dark"
        self._reduced_motion = False
        self._made: dict[Any, Any] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._follows = False

    @property
    def is_dark(self) -> bool:
        return self.tokens is DARK

    @property
    def reduced_motion(self) -> bool:
        return self._reduced_motion

    @reduced_motion.setter
    def reduced_motion(self, value: bool) -> None:
        if value != self._reduced_motion:
            self._reduced_motion = value
            self.changed.emit()

    def motion(self, milliseconds: int) -> int:
        """How long a movement takes: 0 where motion is reduced."""
        return 0 if self._reduced_motion else milliseconds

    # ------------------------------------------------ what is drawn with

    def color(self, name: str, alpha: float = 1.0) -> QtGui.QColor:
        """A token's colour ("card", "text2"), a hue's, or that of #RRGGBB; `alpha` from 0 to 1.

        Raises
        ------
        KeyError if there is no such token.
        """
        found = self._made.get((name, alpha))
        if found is None:
            found = QtGui.QColor(self.tokens.color(name))
            found.setAlphaF(alpha)
            self._made[name, alpha] = found
        return found

    def pen(self, name: str, width: float = 1.0, style: QtCore.Qt.PenStyle = SOLID, alpha: float = 1.0) -> QtGui.QPen:
        """A pen with round caps and joins."""
        key = ("pen", name, width, style, alpha)
        found = self._made.get(key)
        if found is None:
            found = QtGui.QPen(self.color(name, alpha), width, style,
                               QtCore.Qt.PenCapStyle.RoundCap, QtCore.Qt.PenJoinStyle.RoundJoin)
            self._made[key] = found
        return found

    def brush(self, name: str, alpha: float = 1.0) -> QtGui.QBrush:
        key = ("brush", name, alpha)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = QtGui.QBrush(self.color(name, alpha))
        return found

    def font(self, role: str) -> QtGui.QFont:
        """The font of a role in `fonts.ROLES`: "ui", "title", "bold", "body", "mono" and more; for painting."""
        return _font(role)

    def wear(self, widget: QtWidgets.QWidget, role: str) -> None:
        """Give a widget the font of a role. `QWidget.setFont` would be lost when the style sheet changes."""
        ROLES[role]
        widget.setProperty("face", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)

    def category(self, category: str) -> QtGui.QColor:
        """The hue of a category of the engine's registries; one that is not known has a hue too."""
        return self.color(category_hue(category))

    def title(self, category: str) -> QtGui.QColor:
        """The ground of a card's title: the card's colour with some of the category's hue."""
        key = ("title", category)
        found = self._made.get(key)
        if found is None:
            found = QtGui.QColor(self.tokens.title(category_hue(category)))
            self._made[key] = found
        return found

    def legible(self, name: str, *grounds: str) -> QtGui.QColor:
        """A token's colour for text on grounds given as #RRGGBB, see `Tokens.legible`."""
        key = ("legible", name, *grounds)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = QtGui.QColor(self.tokens.legible(name, *grounds))
        return found

    def dtype(self, name: str) -> QtGui.QColor:
        """The colour of sockets and wires that carry a dtype."""
        return self.color(self.tokens.dtype(name))

    def shadow(self, share: float) -> QtGui.QColor:
        """Translucent black; 1 is the full strength of a shadow of this look."""
        key = ("shadow", share)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = QtGui.QColor.fromRgbF(0, 0, 0, self.tokens.shadow * share)
        return found

    def hue(self, number: int) -> QtGui.QColor:
        """One of nine hues, of frames and curves; further numbers begin again."""
        return self.color(tuple(HUES.values())[number % len(HUES)])

    # ------------------------------------------------ icons

    def icon(self, name: str, token: str = "text2") -> QtGui.QIcon:
        """A drawing of assets/icons in a token's colour; it is sharp at every scale and pale while disabled.

        Raises
        ------
        KeyError if there is no such icon or token.
        """
        key = ("icon", name, token)
        found = self._made.get(key)
        if found is None:
            color = self.tokens.color(token)
            found = QtGui.QIcon(self._tinted(name, color))
            found.addFile(self._tinted(name, mix(self.tokens.panel, color, 0.4)), mode=QtGui.QIcon.Mode.Disabled)
            self._made[key] = found
        return found

    def dress(self, target: QtGui.QAction | QtWidgets.QAbstractButton, name: str, token: str = "text2") -> None:
        """Give an action or button an icon that follows the look."""
        _Dresser(self, target, name, token)

    def _tinted(self, name: str, color: str) -> str:
        """Path of a drawing in one colour. Style sheets and Qt's icons of SVG want files."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="graphengine-icons-", ignore_cleanup_errors=True)
        file = Path(self._folder.name, f"{name}-{color[1:]}.svg")
        if not file.exists():
            if name not in icon_names():
                raise KeyError(f"no icon {name!r}; there are {', '.join(icon_names())}")
            drawn = (ASSETS / "icons" / f"{name}.svg").read_text(encoding="utf8")
            file.write_text(drawn.replace("currentColor", color), encoding="utf8")
        return file.as_posix()

    # ------------------------------------------------ switching

    def set(self, mode: str) -> None:
        """Change to "dark", "light", or what the system says, now and whenever that changes.

        Raises
        ------
        ValueError for another word.
        """
        if mode not in ("dark", "light", "system"):
            raise ValueError(f"theme: mode is {mode!r}; it has to be 'dark', 'light' or 'system'")
        self.mode = mode
        hints = QtGui.QGuiApplication.styleHints()
        if QtGui.QGuiApplication.instance() is not None:
            if not self._follows:
                self._follows = True
                hints.colorSchemeChanged.connect(self._follow)
            # Title bars and native dialogs go along.
            hints.setColorScheme({"dark": Scheme.Dark, "light": Scheme.Light, "system": Scheme.Unknown}[mode])
        self._show(_of_system() if mode == "system" else DARK if mode == "dark" else LIGHT)

    def _follow(self, scheme: QtCore.Qt.ColorScheme) -> None:
        if self.mode == "system":
            self._show(LIGHT if scheme == Scheme.Light else DARK)

    def _show(self, tokens: Tokens) -> None:
        if tokens is self.tokens:
            return
        self.tokens = tokens
        self._made.clear()
        self.dress_application()
        self.changed.emit()

    def dress_application(self) -> None:
        """Give the application the palette and the style sheet of the look."""
        app = QtWidgets.QApplication.instance()
        if isinstance(app, QtWidgets.QApplication):
            app.setPalette(_palette(self.tokens))
            app.setStyleSheet(stylesheet(self.tokens, {
                glyph: self._tinted(drawing, self.tokens.color(token)) for glyph, (drawing, token) in GLYPHS.items()}))


class _Dresser(QtCore.QObject):
    """Belongs to its target and ends with it, and so does the connection."""

    def __init__(self, theme: Theme, target: QtGui.QAction | QtWidgets.QAbstractButton, name: str, token: str) -> None:
        super().__init__(target)
        self.theme, self.target, self.name, self.token = theme, target, name, token
        theme.changed.connect(self.dress)
        self.dress()

    def dress(self) -> None:
        self.target.setIcon(self.theme.icon(self.name, self.token))


def _of_system() -> Tokens:
    return LIGHT if QtGui.QGuiApplication.styleHints().colorScheme() == Scheme.Light else DARK


@functools.cache
def _font(role: str) -> QtGui.QFont:
    face = ROLES[role]
    fixed = face.families is MONO
    font = QtGui.QFont()
    font.setFamilies(list(face.families))
    font.setPixelSize(face.size)
    font.setWeight(QtGui.QFont.Weight(face.weight))
    font.setStyleHint(QtGui.QFont.StyleHint.Monospace if fixed else QtGui.QFont.StyleHint.SansSerif)
    font.setHintingPreference(QtGui.QFont.HintingPreference.PreferNoHinting)    # widths that grow with the zoom
    return font


def _palette(tokens: Tokens) -> QtGui.QPalette:
    """What Fusion draws where the style sheet says nothing."""
    role, palette = QtGui.QPalette.ColorRole, QtGui.QPalette()
    for name, token in {
        role.Window: "panel", role.WindowText: "text", role.Base: "well", role.AlternateBase: "card",
        role.Text: "text", role.Button: "card", role.ButtonText: "text", role.BrightText: "error",
        role.ToolTipBase: "card", role.ToolTipText: "text", role.PlaceholderText: "text3",
        role.Highlight: "accent", role.HighlightedText: "on_accent", role.Accent: "accent",
        role.Link: "accent", role.LinkVisited: "gradient", role.Mid: "border", role.Midlight: "border",
        role.Light: "card", role.Dark: "border", role.Shadow: "canvas",
    }.items():
        palette.setColor(name, QtGui.QColor(tokens.color(token)))
    pale = QtGui.QColor(mix(tokens.panel, tokens.text3, 0.65))
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QtGui.QPalette.ColorGroup.Disabled, name, pale)
    palette.setColor(QtGui.QPalette.ColorGroup.Disabled, role.Highlight, QtGui.QColor(tokens.border))
    return palette


@functools.cache
def icon_names() -> tuple[str, ...]:
    """Names of all icons."""
    return tuple(sorted(file.stem for file in (ASSETS / "icons").glob("*.svg")))


def load_fonts() -> None:
    """Register the fonts that come with the editor; needs an application."""
    for file in sorted((ASSETS / "fonts").iterdir()):
        if file.suffix in (".otf", ".ttf"):
            QtGui.QFontDatabase.addApplicationFont(str(file))


theme = Theme()


def icon(name: str, token: str = "text2") -> QtGui.QIcon:
    """`Theme.icon` of the one theme."""
    return theme.icon(name, token)


def install(app: QtWidgets.QApplication, mode: str = "dark") -> None:
    """Fusion, fonts, palette and style sheet; to be called once, before the first window."""
    app.setStyle("Fusion")
    load_fonts()
    app.setFont(theme.font("ui"))
    theme.set(mode)
    theme.dress_application()
