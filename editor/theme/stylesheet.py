"""The style sheet of all widgets, made from tokens; Fusion draws what is not said here."""
from __future__ import annotations

from collections.abc import Mapping

from .fonts import ROLES
from .tokens import Tokens, mix

# Glyph of the style sheet -> the icon and the token that it is drawn with.
GLYPHS: Mapping[str, tuple[str, str]] = {
    "check": ("check", "on_accent"),
    "partial": ("dash", "on_accent"),
    "radio": ("dot", "on_accent"),
    "down": ("chevron-down", "text2"),
    "up": ("chevron-up", "text2"),
    "right": ("chevron-right", "text2"),
    "left": ("chevron-left", "text2"),
    "down-pale": ("chevron-down", "border"),
    "up-pale": ("chevron-up", "border"),
    "close": ("close", "text3"),
    "close-hover": ("close", "text"),
    "menu-check": ("check", "accent"),
    "menu-right": ("chevron-right", "text2"),
    "more": ("more", "text2"),
    "asked": ("help", "accent"),
    "informed": ("info", "accent"),
    "warned": ("warning", "warn"),
    "failed": ("error", "error"),
}


def stylesheet(t: Tokens, glyphs: Mapping[str, str]) -> str:
    """The text for `QApplication.setStyleSheet`.

    Parameters
    ----------
    glyphs : paths of the pictures named in `GLYPHS`

    Notes
    -----
    Properties that a widget may set: ``primary`` (the button that one presses next), ``danger``,
    ``role`` of a label: "muted", "hint", "error", "warn", "ok"; of a frame: "card", "line"; ``invalid`` of a field;
    ``face``, a role of `fonts.ROLES`, of anything (`Theme.wear` sets it).
    """
    hover = mix(t.card, t.text, 0.07)
    pressed = mix(t.card, t.text, 0.12)
    row = mix(t.panel, t.text, 0.05)
    chosen = t.chosen
    chosen_idle = mix(t.panel, t.text, 0.10)
    pale = mix(t.panel, t.text3, 0.65)
    strong = mix(t.border, t.text, 0.18)
    bar = mix(t.panel, t.text, 0.18)
    bar_hover = mix(t.panel, t.text, 0.32)
    bright = mix(t.accent, t.text, 0.14)
    groove = mix(t.panel, t.text, 0.14)
    faces = "\n".join(
        f'*[face="{role}"] {{ font: {face.weight} {face.size}px {", ".join(map(_quoted, face.families))}; }}'
        for role, face in ROLES.items())
    image = {name: f'url("{path}")' for name, path in glyphs.items()}
    return f"""
* {{ outline: 0; }}
{faces}

QMainWindow, QDialog, QMessageBox, QWizard {{ background: {t.panel}; }}
QMainWindow::separator {{ background: {t.canvas}; width: 4px; height: 4px; }}
QMainWindow::separator:hover {{ background: {t.accent}; }}

QLabel {{ background: transparent; }}
QLabel[role="muted"] {{ color: {t.text2}; }}
QLabel[role="hint"] {{ color: {t.text3}; font-size: 12px; }}
QLabel[role="error"] {{ color: {t.error}; }}
QLabel[role="warn"] {{ color: {t.warn}; }}
QLabel[role="ok"] {{ color: {t.ok}; }}
QFrame[role="card"] {{ background: {t.card}; border: 1px solid {t.border}; border-radius: 8px; }}
QFrame[role="line"] {{ background: {t.border}; border: none; max-height: 1px; }}

QToolTip {{ background: {t.card}; color: {t.text}; border: 1px solid {strong}; padding: 5px 7px; }}

QDockWidget {{ color: {t.text2}; font-weight: 600; titlebar-close-icon: {image["close"]}; }}
QDockWidget::title {{ background: {t.panel}; padding: 7px 12px; text-align: left; }}
QDockWidget::close-button, QDockWidget::float-button {{ background: transparent; border: none; border-radius: 4px; }}
QDockWidget::close-button:hover, QDockWidget::float-button:hover {{ background: {hover}; }}

QTabWidget::pane {{ border: none; border-top: 1px solid {t.border}; }}
QTabBar {{ background: transparent; qproperty-drawBase: 0; }}
QTabBar::tab {{
    background: transparent; color: {t.text2}; padding: 7px 13px 6px 13px; border: none;
    border-bottom: 2px solid transparent;
}}
QTabBar::tab:hover {{ color: {t.text}; background: {row}; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
QTabBar::tab:selected:focus {{ background: {chosen}; }}
QTabBar::tab:disabled {{ color: {pale}; }}
QTabBar::close-button {{ image: {image["close"]}; border-radius: 3px; margin: 2px; }}
QTabBar::close-button:hover {{ image: {image["close-hover"]}; background: {hover}; }}
QTabBar QToolButton {{ background: {t.panel}; border: none; padding: 0; }}
QTabBar QToolButton::left-arrow {{ image: {image["left"]}; }}
QTabBar QToolButton::right-arrow {{ image: {image["right"]}; }}

QAbstractItemView {{
    background: {t.panel}; alternate-background-color: {row}; border: none; padding: 0;
    selection-background-color: {chosen}; selection-color: {t.text}; show-decoration-selected: 1;
}}
QTreeView::item, QListView::item {{ min-height: 26px; padding: 0 6px; border: none; }}
QTableView::item {{ padding: 0 8px; border: none; }}
QAbstractItemView::item:hover {{ background: {row}; }}
QAbstractItemView::item:selected {{ background: {chosen}; color: {t.text}; }}
QAbstractItemView::item:selected:!active {{ background: {chosen_idle}; color: {t.text}; }}
QAbstractItemView::item:disabled {{ color: {pale}; }}
QTreeView:focus, QListView:focus, QTableView:focus {{ border: 1px solid {mix(t.panel, t.accent, 0.55)}; }}
QTreeView, QListView, QTableView {{ border: 1px solid transparent; gridline-color: {t.border}; }}
QTreeView::branch {{ background: transparent; }}
QTreeView::branch:selected {{ background: {chosen}; }}
QTreeView::branch:selected:!active {{ background: {chosen_idle}; }}
QTreeView::branch:has-children:closed {{ image: {image["right"]}; padding: 1px; }}
QTreeView::branch:has-children:open {{ image: {image["down"]}; padding: 1px; }}
QHeaderView {{ background: {t.panel}; border: none; }}
QHeaderView::section {{
    background: {t.panel}; color: {t.text2}; font-size: 12px; font-weight: 600; padding: 5px 8px; border: none;
    border-bottom: 1px solid {t.border};
}}
QHeaderView::section:hover {{ color: {t.text}; }}
QHeaderView::down-arrow, QHeaderView::up-arrow {{ width: 9px; height: 9px; subcontrol-position: top center; }}
QHeaderView::down-arrow {{ image: {image["down"]}; }}
QHeaderView::up-arrow {{ image: {image["up"]}; }}
QTableCornerButton::section {{ background: {t.panel}; border: none; }}

QPushButton {{
    background: {t.card}; border: 1px solid {t.border}; border-radius: 6px; padding: 5px 14px; min-height: 18px;
}}
QPushButton:hover {{ background: {hover}; border-color: {strong}; }}
QPushButton:pressed, QPushButton:checked {{ background: {pressed}; }}
QPushButton:checked {{ border-color: {t.accent}; }}
QPushButton:focus {{ border: 1px solid {t.accent}; }}
QPushButton:disabled {{ background: {t.panel}; color: {pale}; }}
QPushButton:default {{ border-color: {t.accent}; }}
QPushButton[primary="true"] {{
    background: {t.accent}; color: {t.on_accent}; border-color: {t.accent}; font-weight: 600;
}}
QPushButton[primary="true"]:hover {{ background: {bright}; }}
QPushButton[primary="true"]:focus {{ border: 2px solid {t.text}; padding: 4px 13px; }}
QPushButton[primary="true"]:disabled {{ background: {t.card}; color: {pale}; border-color: {t.border}; }}
QPushButton[danger="true"] {{ color: {t.error}; border-color: {mix(t.border, t.error, 0.5)}; }}
QPushButton::menu-indicator {{ image: {image["down"]}; width: 12px; right: 6px; subcontrol-position: right center; }}

QMessageBox {{
    messagebox-question-icon: {image["asked"]}; messagebox-information-icon: {image["informed"]};
    messagebox-warning-icon: {image["warned"]}; messagebox-critical-icon: {image["failed"]};
}}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}

QToolBar {{ background: {t.panel}; border: none; spacing: 2px; padding: 5px 8px; icon-size: 20px; }}
QToolBar::separator {{ background: {t.border}; width: 1px; margin: 5px 6px; }}
QToolBarExtension {{ image: {image["more"]}; }}
QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed {{ background: {pressed}; }}
QToolButton:checked {{ background: {chosen}; }}
QToolButton[primary="true"] {{ background: {chosen}; font-weight: 600; }}
QToolButton[primary="true"]:hover {{ background: {mix(t.panel, t.accent, 0.34)}; }}
QToolButton[primary="true"]:disabled {{ background: transparent; }}
QToolButton:focus {{ border-color: {t.accent}; }}
QToolButton:disabled {{ color: {pale}; }}
QToolButton[popupMode="1"] {{ padding-right: 16px; }}
QToolButton::menu-button {{ border: none; width: 14px; }}
QToolButton::menu-arrow, QToolButton::menu-indicator {{ image: {image["down"]}; width: 12px; height: 12px; }}

QMenuBar {{ background: {t.panel}; padding: 2px 6px; }}
QMenuBar::item {{ background: transparent; padding: 4px 9px; border-radius: 4px; }}
QMenuBar::item:selected, QMenuBar::item:pressed {{ background: {hover}; }}
QMenu {{ background: {t.card}; border: 1px solid {strong}; padding: 5px; }}
QMenu::item {{ padding: 5px 26px 5px 12px; border-radius: 4px; min-height: 18px; }}
QMenu::item:selected {{ background: {mix(t.card, t.accent, 0.24)}; }}
QMenu::item:disabled {{ color: {pale}; }}
QMenu::icon {{ padding-left: 8px; }}
QMenu::separator {{ background: {t.border}; height: 1px; margin: 5px 8px; }}
QMenu::right-arrow {{ image: {image["menu-right"]}; width: 12px; height: 12px; right: 6px; }}
QMenu::indicator {{ width: 14px; height: 14px; left: 6px; }}
QMenu::indicator:checked {{ image: {image["menu-check"]}; }}

QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox, QComboBox {{
    background: {t.well}; border: 1px solid {t.border}; border-radius: 6px; padding: 3px 8px; min-height: 20px;
}}
QTextEdit, QPlainTextEdit {{ padding: 4px; }}
QTextBrowser {{ background: {t.panel}; border: none; }}
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover {{ border-color: {strong}; }}
QLineEdit:focus, QTextEdit:focus, QPlainTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QComboBox:on {{
    border: 1px solid {t.accent};
}}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {{ background: {t.panel}; color: {pale}; }}
QLineEdit:read-only {{ color: {t.text2}; }}
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"], QComboBox[invalid="true"],
QPlainTextEdit[invalid="true"] {{
    border: 1px solid {t.error};
}}
QAbstractSpinBox {{ padding-right: 20px; }}
QAbstractSpinBox QLineEdit {{ border: none; background: transparent; padding: 0; min-height: 0; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ background: transparent; border: none; width: 20px; }}
QAbstractSpinBox::up-button {{ subcontrol-origin: border; subcontrol-position: top right; height: 13px; top: 1px; }}
QAbstractSpinBox::down-button {{
    subcontrol-origin: border; subcontrol-position: bottom right; height: 13px; bottom: 1px;
}}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {pressed}; border-radius: 3px; }}
QAbstractSpinBox::up-arrow {{ image: {image["up"]}; width: 11px; height: 11px; }}
QAbstractSpinBox::down-arrow {{ image: {image["down"]}; width: 11px; height: 11px; }}
QAbstractSpinBox::up-arrow:disabled, QAbstractSpinBox::up-arrow:off {{ image: {image["up-pale"]}; }}
QAbstractSpinBox::down-arrow:disabled, QAbstractSpinBox::down-arrow:off {{ image: {image["down-pale"]}; }}
QComboBox {{ padding-right: 22px; }}
QComboBox::drop-down {{ border: none; width: 22px; }}
QComboBox::down-arrow {{ image: {image["down"]}; width: 13px; height: 13px; }}
QComboBox::down-arrow:disabled {{ image: {image["down-pale"]}; }}
QComboBox QAbstractItemView {{ background: {t.card}; border: 1px solid {strong}; padding: 4px; }}

QCheckBox, QRadioButton {{ spacing: 8px; background: transparent; min-height: 20px; }}
QCheckBox::indicator, QRadioButton::indicator, QAbstractItemView::indicator, QGroupBox::indicator {{
    width: 14px; height: 14px; background: {t.well}; border: 1px solid {strong}; border-radius: 4px;
}}
QRadioButton::indicator {{ border-radius: 8px; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover {{ border-color: {t.accent}; }}
QCheckBox:focus, QRadioButton:focus {{ color: {mix(t.text, t.accent, 0.45)}; }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border: 1px solid {t.accent}; }}
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked, QGroupBox::indicator:checked {{
    background: {t.accent}; border-color: {t.accent}; image: {image["check"]};
}}
QCheckBox::indicator:indeterminate, QAbstractItemView::indicator:indeterminate {{
    background: {t.accent}; border-color: {t.accent}; image: {image["partial"]};
}}
QRadioButton::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; image: {image["radio"]}; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ background: {t.panel}; border-color: {t.border}; }}
QCheckBox::indicator:checked:disabled, QRadioButton::indicator:checked:disabled {{ background: {pale}; }}

QSlider {{ min-height: 20px; background: transparent; }}
QSlider::groove:horizontal {{ background: {groove}; height: 4px; border-radius: 2px; }}
QSlider::groove:vertical {{ background: {groove}; width: 4px; border-radius: 2px; }}
QSlider::sub-page:horizontal, QSlider::add-page:vertical {{ background: {t.accent}; border-radius: 2px; }}
QSlider::sub-page:horizontal:disabled, QSlider::add-page:vertical:disabled {{ background: {pale}; }}
QSlider::handle {{ background: {t.text}; border: 2px solid {t.panel}; border-radius: 8px; width: 12px; height: 12px; }}
QSlider::handle:horizontal {{ margin: -6px 0; }}
QSlider::handle:vertical {{ margin: 0 -6px; }}
QSlider::handle:hover, QSlider::handle:focus {{ background: {t.accent}; }}
QSlider::handle:disabled {{ background: {pale}; }}

QProgressBar {{
    background: {groove}; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; color: transparent;
}}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}

QScrollBar {{ background: transparent; border: none; margin: 0; }}
QScrollBar:vertical {{ width: 11px; }}
QScrollBar:horizontal {{ height: 11px; }}
QScrollBar::handle {{ background: {bar}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:hover, QScrollBar::handle:pressed {{ background: {bar_hover}; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: transparent; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}

QSplitter::handle {{ background: {t.border}; }}
QSplitter::handle:horizontal {{ width: 1px; margin: 0 2px; }}
QSplitter::handle:vertical {{ height: 1px; margin: 2px 0; }}
QSplitter::handle:hover {{ background: {t.accent}; }}

QStatusBar {{ background: {t.panel}; color: {t.text2}; border-top: 1px solid {t.border}; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {t.text2}; font-size: 12px; padding: 0 6px; }}

QGroupBox {{ border: 1px solid {t.border}; border-radius: 8px; margin-top: 20px; padding: 8px; }}
QGroupBox::title {{ subcontrol-origin: margin; left: 2px; padding: 0 4px; color: {t.text2}; }}
QGraphicsView {{ background: {t.canvas}; border: none; }}
"""


def _quoted(family: str) -> str:
    return f'"{family}"' if " " in family else family
