"""Rows of any form as rows of another: read (`sources`), understood (`forms`), changed (`edit`), written."""
