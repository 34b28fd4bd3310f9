"""JSON, YAML, XML, CSV and TOML read strictly, compared as data, and held against a schema."""
