"""A suite through an engine into a run: what is asked, what is known already, what is done now."""
