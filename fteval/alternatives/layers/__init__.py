"""What alternatives share: an engine on top of another, and several on top of each other."""
