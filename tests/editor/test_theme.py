"""The look: every colour is a token, contrasts hold, icons and fonts are there, and a switch reaches what is shown."""

import dataclasses
import pathlib
import re
import xml.etree.ElementTree

import pytest
from PySide6 import QtCore, QtGui, QtWidgets

import graphengine as ge
from editor.theme import DARK, LIGHT, current, icon, install, mix, theme
from editor.theme.fonts import ROLES
from editor.theme.stylesheet import GLYPHS, stylesheet
from editor.theme.tokens import HUES, NAMES, RELATED, category_hue, contrast

LOOKS = pytest.mark.parametrize("tokens", (DARK, LIGHT), ids=lambda t: t.name)


@pytest.fixture
def look(qapp):
    install(qapp)
    yield theme
    theme.set("dark")


@LOOKS
@pytest.mark.parametrize(("name", "ground", "least"), [
    ("text", "card", 12), ("text2", "card", 5.9), ("text3", "card", 4.5), ("text3", "well", 4.5),
    ("text3", "canvas", 4.5),
    ("accent", "card", 4.5), ("error", "card", 4.5),
    ("text", "panel", 12), ("text2", "panel", 5.5), ("text3", "panel", 4.5), ("text", "well", 12),
    ("text", "canvas", 12),
    ("on_accent", "accent", 4.5), ("on_gradient", "gradient", 4.5), ("ok", "card", 4.5), ("warn", "card", 4.5),
])
def test_contrast(tokens, name, ground, least):
    assert contrast(tokens.color(name), tokens.color(ground)) >= least


@LOOKS
def test_text_on_tinted_grounds_is_read(tokens):
    """Names on titles of all categories, sentences of problems on cards and in the inspector, words in a chosen row."""
    titles = [tokens.title(hue) for hue in HUES.values()]
    tints = [mix(base, tokens.color(name), 0.14) for base in (tokens.card, tokens.panel) for name in ("error", "warn")]
    for name in NAMES:
        for ground in (*titles, *tints, tokens.chosen):
            assert contrast(tokens.legible(name, ground), ground) >= 4.5, (name, ground)
    assert tokens.legible("text", tokens.card) == tokens.text and tokens.legible("accent", tokens.card) == tokens.accent


@LOOKS
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool", "string"])
def test_dtypes_can_be_told_from_the_card(tokens, dtype):
    assert contrast(tokens.dtype(dtype), tokens.card) > 3


def test_contrast_of_black_and_white():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert mix("#000000", "#FFFFFF", 0.5) == "#808080"


def test_every_dtype_of_the_engine_has_a_color():
    names = [value.name for value in vars(ge).values() if isinstance(value, ge.DType)]
    assert {DARK.dtype(name) for name in names} == {DARK.float32, DARK.float64, DARK.int, DARK.bool}
    assert DARK.dtype("bfloat16") == DARK.float32
    assert DARK.dtype("uint8") == DARK.int


def test_categories():
    assert category_hue("Activation") == HUES["activation"]
    assert category_hue("Arithmetic") == HUES["math"]
    assert category_hue("a category of tomorrow") in HUES.values()
    assert set(RELATED.values()) <= set(HUES)
    assert len(HUES) == 9


def test_unknown_token_names_those_there_are(look):
    with pytest.raises(KeyError, match="no color token 'nonsense'; there are canvas"):
        look.color("nonsense")
    with pytest.raises(KeyError, match="no icon 'nonsense'"):
        look.icon("nonsense")
    with pytest.raises(ValueError, match="'dark', 'light' or 'system'"):
        look.set("pink")


@LOOKS
def test_style_sheet_has_no_colors_of_its_own(tokens):
    """Replaced by one colour each, two looks give one text."""
    plain = dataclasses.replace(tokens, **dict.fromkeys(NAMES, "#000000"))
    assert set(re.findall(r"#[0-9A-Fa-f]{3,8}\b", stylesheet(plain, dict.fromkeys(GLYPHS, "x")))) == {"#000000"}


def test_switch_reaches_palette_widgets_and_icons(look, qtbot):
    action = QtGui.QAction(None)
    look.dress(action, "run", "text")
    dark = action.icon().pixmap(24, 24).toImage()
    with qtbot.waitSignal(look.changed):
        look.set("light")
    assert not look.is_dark
    assert look.color("card").name().upper() == LIGHT.card
    assert QtWidgets.QApplication.palette().window().color().name().upper() == LIGHT.panel
    assert action.icon().pixmap(24, 24).toImage() != dark
    look.set("light")       # nothing changes, nothing is said


def test_a_dressed_action_may_end_before_the_theme(look):
    action = QtGui.QAction(None)
    look.dress(action, "run")
    del action
    look.set("light")


def test_system_theme_follows(look):
    hints = QtGui.QGuiApplication.styleHints()
    look.set("system")
    hints.colorSchemeChanged.emit(QtCore.Qt.ColorScheme.Light)
    assert not look.is_dark
    hints.colorSchemeChanged.emit(QtCore.Qt.ColorScheme.Dark)
    assert look.is_dark
    look.set("light")
    hints.colorSchemeChanged.emit(QtCore.Qt.ColorScheme.Dark)
    assert not look.is_dark


def test_fonts_are_those_that_come_along(look):
    assert {"Inter", "JetBrains Mono"} <= set(QtGui.QFontDatabase.families())
    for role, face in ROLES.items():
        font = look.font(role)
        assert QtGui.QFontInfo(font).family().startswith(face.families[0])
        assert font.pixelSize() == face.size
    width = QtGui.QFontMetricsF(look.font("title")).horizontalAdvance("CrossEntropy")
    assert width == pytest.approx(85.5, abs=1)      # 97.8 in DejaVu Sans, which would clip
    mono = QtGui.QFontMetricsF(look.font("mono"))
    assert mono.horizontalAdvance("->") == mono.horizontalAdvance("11")


def test_faces_survive_a_switch(look, qtbot):
    edit = QtWidgets.QPlainTextEdit()
    qtbot.addWidget(edit)
    look.wear(edit, "code")
    look.set("light")
    assert edit.font().families()[0] == "JetBrains Mono"


@pytest.mark.parametrize("name", current.icon_names())
def test_icons_are_drawn_in_the_current_color(name):
    text = (current.ASSETS / "icons" / f"{name}.svg").read_text(encoding="utf8")
    root = xml.etree.ElementTree.fromstring(text)
    assert root.get("viewBox") == "0 0 24 24"
    colors = {root.get("fill"), root.get("stroke"), *(e.get(a) for e in root for a in ("fill", "stroke"))}
    assert colors <= {"currentColor", "none", None}


def test_icons_show_something_at_every_scale(look):
    for name in current.icon_names():
        for ratio in (1.0, 2.0):
            pixmap = icon(name).pixmap(QtCore.QSize(16, 16), ratio)
            assert pixmap.width() == 16 * ratio
            assert not _is_blank(pixmap.toImage()), name


def _is_blank(image):
    return all(image.pixelColor(x, y).alpha() == 0 for x in range(image.width()) for y in range(image.height()))


def test_assets_carry_their_licences():
    fonts = current.ASSETS / "fonts"
    assert all(file.stat().st_size < 400_000 for file in fonts.iterdir())
    families = {file.name.split("-")[0] for file in fonts.iterdir() if file.suffix != ".txt"}
    assert all("SIL OPEN FONT LICENSE Version 1.1" in (fonts / f"{family}-OFL.txt").read_text() for family in families)


def test_no_color_outside_the_tokens():
    """Who draws asks the theme, so that a new look is one table."""
    editor = pathlib.Path(current.__file__).parents[1]
    found = [f"{file.relative_to(editor)}: {match[0]}"
             for file in editor.rglob("*.py") if file.name != "tokens.py"
             for match in re.finditer(r"[\"']#[0-9A-Fa-f]{6}\b", file.read_text(encoding="utf8"))]
    assert not found, "\n".join(found)
