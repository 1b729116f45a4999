"""`python -m editor` says that the editor is not there yet. It opens no window and imports no Qt."""

import sys

sys.exit("The graph editor comes with a later release; until then, see `python -m graphengine --help`.")
