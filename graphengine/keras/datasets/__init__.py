"""Data to try things with, which comes with the package; nothing is fetched from the network."""
from __future__ import annotations

from ...errors import suggestion
from . import breast_cancer, diabetes, digits, iris, mnist, wine

__all__ = ["breast_cancer", "diabetes", "digits", "iris", "mnist", "wine"]

OF_KERAS = ("boston_housing", "california_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "reuters")


def __getattr__(name: str) -> object:
    """An error for data that is not here."""
    if name in OF_KERAS:
        raise AttributeError(f"the data of {name!r} does not come with the package, and nothing is fetched from the "
                             f"network; there are {', '.join(__all__)}")
    raise AttributeError(f"graphengine.keras.datasets has no {name!r}; {suggestion(name, __all__)}")
