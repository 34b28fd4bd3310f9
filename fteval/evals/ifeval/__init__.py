"""The verifiable instructions of IFEval: their kinds, and how each is checked."""
