"""A first config for somebody's rows."""
