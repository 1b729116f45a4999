"""What panels and popups are put together from: rows with chips and marks, pictures of kinds, documentation, fields."""
