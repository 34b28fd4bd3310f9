"""The alternatives that are usually tried beside a fine-tune."""
