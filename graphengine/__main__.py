"""``python -m graphengine`` is the command ``graphengine``."""
from .tools.cli import main

if __name__ == "__main__":
    main()
