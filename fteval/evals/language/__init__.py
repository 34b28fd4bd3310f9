"""What a text is made of: words and their folding, lexica, stems, the language, marks, typos."""
