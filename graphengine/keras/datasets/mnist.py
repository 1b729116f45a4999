"""Handwritten digits, 28 x 28 pixels, from a file that is on this machine: Keras's ``mnist.npz``.

Shapes
------
x : (60000, 28, 28) and (10000, 28, 28) uint8, ink from 0 to 255
y : (60000,) and (10000,) uint8, the digit

References
----------
LeCun, Bottou, Bengio and Haffner (1998), "Gradient-based learning applied to document recognition", section III A.
"""
from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from ...errors import FileFormatError, NotFoundError
from .shipped import Parts

ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> Parts:
    """``(x_train, y_train), (x_test, y_test)``.

    path : the file; if it is not there, it is looked for in Keras's folder of data, ``~/.keras/datasets``, or
        ``datasets`` in the folder that the environment variable KERAS_HOME names

    Raises
    ------
    NotFoundError if it is in neither place: nothing is fetched from the network. FileFormatError for a file that lacks
    one of the arrays. OSError for one that may not be read.
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    places = tuple(dict.fromkeys((Path(path), home / "datasets" / path)))       # of an absolute path there is one
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise NotFoundError(f"there is no file {' or '.join(repr(str(place)) for place in places)}, and nothing is "
                            "fetched from the network", op="mnist.load_data",
                            fix="put Keras's mnist.npz there, or take keras.datasets.digits")
    with found.open("rb") as raw:
        try:
            with np.load(raw, allow_pickle=False) as file:
                x, y, x_test, y_test = (file[name] for name in ARRAYS)
        except (KeyError, ValueError, OSError, zipfile.BadZipFile, TypeError, AttributeError) as error:
            raise FileFormatError(f"the file does not hold the arrays {', '.join(ARRAYS)}: {error}", at=str(found),
                                  fix="give Keras's mnist.npz") from None
    return (x, y), (x_test, y_test)
