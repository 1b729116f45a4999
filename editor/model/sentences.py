"""Facts and advice, as errors have them, as whole sentences."""
from __future__ import annotations


def stopped(text: str) -> str:
    """With a stop at its end, unless there is one."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def sentence(text: str) -> str:
    """Likewise, with a capital."""
    return stopped(text[:1].upper() + text[1:])
