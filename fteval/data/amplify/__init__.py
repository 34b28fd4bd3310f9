"""A small set of rows made larger, or rougher: each new row says which one it comes from, and how it was made."""
