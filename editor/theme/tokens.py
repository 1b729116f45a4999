"""Every colour of the editor by name, for the dark and the light look. Plain values; who draws asks `Theme` for them.

Contrast on `card`: text at least 12, text2 5.9, text3 and the signals 4.5; on a ground that is tinted, `Tokens.legible`
keeps that. Hues of categories reach 2.4 to 3.7 on white: they are for bars, tints and blocks, never for text.
"""
from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields

# Hues, the same in both looks; a frame's colour is one of them by number.
HUES: Mapping[str, str] = {
    "input": "#4C8DFF",
    "math": "#8B7CF6",
    "linear algebra": "#2FB5A5",
    "layer": "#E58A3C",
    "activation": "#E0679E",
    "reduce": "#C9A227",
    "shape": "#8A95A8",
    "loss": "#E5534B",
    "optimizer": "#5FB04B",
}

# Categories of the engine's registries, in lower case, that have no hue of their own name.
RELATED: Mapping[str, str] = {
    "source": "input", "state": "input", "variable": "input", "data": "input", "random": "input",
    "arithmetic": "math", "bitwise": "math", "comparison": "math", "exponential": "math", "logic": "math",
    "special": "math", "trigonometry": "math", "gradient": "math",
    "layers": "layer", "core": "layer", "convolution": "layer", "convolutional": "layer", "normalization": "layer",
    "recurrent": "layer", "merging": "layer", "masking": "layer", "pooling": "layer",
    "regularization": "layer", "preprocessing": "layer", "attention": "layer",
    "activations": "activation",
    "reduction": "reduce", "reductions": "reduce", "sorting": "reduce", "statistics": "reduce",
    "image geometry": "shape", "image boxes": "shape", "image color": "layer", "image chains": "layer",
    "image mixing": "layer", "spectrograms": "layer",
    "conversion": "shape", "indexing": "shape", "control": "shape", "image": "shape", "reshaping": "shape",
    "losses": "loss",
    "optimizers": "optimizer", "metric": "optimizer", "metrics": "optimizer", "train": "optimizer",
    "training": "optimizer",
}


LEGIBLE = 4.5           # least contrast of text with its ground (WCAG 2.2, 1.4.3)


@dataclass(frozen=True)
class Tokens:
    """One look: colours as #RRGGBB, shares from 0 to 1.

    canvas, dot : ground and its grid
    panel, card, well, border : surfaces, and the line around them
    text, text2, text3 : main text, labels, hints
    accent, on_accent : selection and focus, and text on it
    ok, warn, error : state
    float32, float64, int, bool, any : dtypes of sockets and wires; int and float stand for their narrow kin
    gradient, on_gradient : whatever belongs to the backward pass, and text on it
    shadow : strength of shadows
    tint : share of the category's hue in a card's title
    """

    name: str
    canvas: str
    dot: str
    panel: str
    card: str
    border: str
    well: str
    text: str
    text2: str
    text3: str
    accent: str
    on_accent: str
    ok: str
    warn: str
    error: str
    float32: str
    float64: str
    int: str
    bool: str
    any: str
    gradient: str
    on_gradient: str
    shadow: float
    tint: float

    def color(self, name: str) -> str:
        """A token's colour, or a hue's; a colour stands for itself.

        Raises
        ------
        KeyError if there is no such token.
        """
        if name.startswith("#"):
            return name
        found = getattr(self, name, None) if name in NAMES else HUES.get(name)
        if found is None:
            raise KeyError(f"no color token {name!r}; there are {', '.join([*NAMES, *HUES])}")
        return str(found)

    def dtype(self, name: str) -> str:
        """Colour of a dtype by its name."""
        if name.startswith(("float64", "complex")):
            return self.float64
        if name.startswith(("float", "bfloat")):
            return self.float32
        if name.startswith(("int", "uint")):
            return self.int
        return self.bool if name.startswith("bool") else self.any

    @property
    def chosen(self) -> str:
        """The ground of a chosen row."""
        return mix(self.panel, self.accent, 0.24)

    def title(self, hue: str) -> str:
        """The ground of a card's title, of the hue of its category."""
        return mix(self.card, hue, self.tint)

    def legible(self, name: str, *grounds: str) -> str:
        """A token's colour for text on each of the grounds: with as much of `text` in it as a contrast of 4.5 takes."""
        shades = (mix(self.color(name), self.text, part / 20) for part in range(20))
        return next((s for s in shades if all(contrast(s, ground) >= LEGIBLE for ground in grounds)), self.text)


NAMES = tuple(f.name for f in fields(Tokens) if f.name not in ("name", "shadow", "tint"))

DARK = Tokens(
    name="dark", canvas="#16181D", dot="#262A32", panel="#1C1F26", card="#23272F", border="#383E4A", well="#1A1D23",
    text="#E6E9EF", text2="#9AA4B5", text3="#8590A4", accent="#5B9DFF", on_accent="#0D1420",
    ok="#3FC380", warn="#F5B83D", error="#F35D62",
    float32="#63B3ED", float64="#7C93F5", int="#5CCB8A", bool="#E37C9B", any="#9AA4B5",
    gradient="#C77DFF", on_gradient="#16181D", shadow=70 / 255, tint=0.18,
)
LIGHT = Tokens(
    name="light", canvas="#F3F5F8", dot="#D9DEE6", panel="#FFFFFF", card="#FFFFFF", border="#CBD2DC", well="#F0F2F6",
    text="#1B2230", text2="#566074", text3="#646E81", accent="#1F6FEB", on_accent="#FFFFFF",
    ok="#157F4C", warn="#8F5A00", error="#C9303A",
    float32="#1C7ED6", float64="#4C6FE0", int="#1F8F55", bool="#C2417A", any="#6B7588",
    gradient="#7B2FBE", on_gradient="#FFFFFF", shadow=28 / 255, tint=0.15,
)


def category_hue(category: str) -> str:
    """The hue of a category; one that is not known gets one of the nine by its name, always the same."""
    key = category.strip().lower()
    key = RELATED.get(key, key)
    return HUES.get(key) or tuple(HUES.values())[zlib.crc32(key.encode()) % len(HUES)]


def mix(first: str, second: str, share: float) -> str:
    """`share` of the second colour in the first, as #RRGGBB."""
    channels = (round(int(first[i:i + 2], 16) * (1 - share) + int(second[i:i + 2], 16) * share) for i in (1, 3, 5))
    return "#" + "".join(f"{c:02X}" for c in channels)


def contrast(first: str, second: str) -> float:
    """Ratio of luminances, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
