"""The panels around the canvas. They listen to the document and ask upward by signals; the window docks them."""
