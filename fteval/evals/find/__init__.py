"""Where in a text the answer stands: dates, statements, labels, JSON values, queries, blocks, targets."""
