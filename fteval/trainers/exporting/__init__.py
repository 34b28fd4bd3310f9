"""From a candidate to the folder that ships: merged, in other numbers, with fewer bits; proved elsewhere."""
