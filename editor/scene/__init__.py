"""The drawn graph: items painted by arithmetic, hit tests, the view with its overlays, the minimap."""
from .geometry import NOWHERE, Hit
from .minimap import Minimap
from .overlay import Overlays
from .scene import GraphScene
from .view import GraphView

__all__ = ["NOWHERE", "GraphScene", "GraphView", "Hit", "Minimap", "Overlays"]
