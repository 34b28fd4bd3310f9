"""SQL: parsed, run on small databases, and compared with a reference query there and on their neighbours."""
