"""How candidates are made. One file per trainer (`Recipe` and `train`), the rest is what they share."""
