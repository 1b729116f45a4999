"""What the window looks like: colours, fonts, icons and the style of widgets, dark or light, switched while it runs."""
from .current import Theme, icon, install, theme
from .tokens import DARK, LIGHT, Tokens, mix

__all__ = ["DARK", "LIGHT", "Theme", "Tokens", "icon", "install", "mix", "theme"]
