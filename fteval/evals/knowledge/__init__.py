"""What an answer says that it knows: told, left open, made up."""
