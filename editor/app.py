"""The application: start-up, the windows that are open, and what passes between them."""
from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path


def refusal() -> str | None:
    """Why this Python and this Qt cannot work together, or None.

    PySide6 6.12 loses a reference to None with every call on Python before 3.12, and the process aborts after a few
    frames.
    """
    try:
        import PySide6
    except ImportError as error:
        return f"The editor needs PySide6: pip install graphengine[editor] ({error})."
    release = tuple(int(part) for part in PySide6.__version__.split(".")[:2])
    if sys.version_info < (3, 12) and release >= (6, 12):
        return (f"PySide6 {PySide6.__version__} crashes on Python {sys.version_info[0]}.{sys.version_info[1]}: "
                f"pip install 'PySide6-Essentials<6.12', or use Python 3.12 or newer.")
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the editor. arguments : files; none for the welcome screen."""
    files = list(sys.argv[1:] if arguments is None else arguments)
    if any(name in ("-h", "--help") for name in files):
        print("usage: python -m editor [FILE ...]\n\nDraw, run and train dataflow graphs.")
        return 0
    problem = refusal()
    if problem is not None:
        print(problem, file=sys.stderr)
        return 1
    try:
        from PySide6 import QtWidgets
    except ImportError as error:            # a library of the system is missing
        print(f"Qt does not load: {error}.\nOn Debian: apt-get install libgl1 libegl1 libxkbcommon0 libdbus-1-3 "
              f"libfontconfig1 libglib2.0-0 libxcb-cursor0", file=sys.stderr)
        return 1
    from .windows import Windows

    QtWidgets.QApplication.setApplicationName("graphengine")
    QtWidgets.QApplication.setOrganizationName("graphengine")
    app = QtWidgets.QApplication.instance() or QtWidgets.QApplication([sys.argv[0]])
    windows = Windows(app)
    gc.freeze()                             # a look through all that the modules hold is a pause of 0.1 s at each edit
    windows.start([Path(name) for name in files])
    return int(app.exec())
