"""Files beside the document: settings, journals for recovery, pictures, programs."""
