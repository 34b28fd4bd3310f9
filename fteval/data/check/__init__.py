"""What is wrong with training data before anybody trains on it: rows, copies, leaks, what is private, how lopsided."""
