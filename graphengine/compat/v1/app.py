"""The program that is run with the options of its command line."""
from . import flags
from .flags import run

__all__ = ["flags", "run"]
