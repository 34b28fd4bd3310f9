"""What a comparison or a run looks like, before anybody decides where it is shown."""
