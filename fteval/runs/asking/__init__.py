"""What will be asked and judged, under which keys, and the asking itself."""
