"""Instagram messaging."""
