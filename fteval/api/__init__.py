"""What `import fteval` gives, a file for each thing that is done; `fteval/__init__.py` says where each name is.

    comparison = fteval.run(model="nano+out/sft", against="nano", probes=["iso_date", "facts"])
    comparison = fteval.compare("20261120T101756Z-7f3a", "20261120T102001Z-91bc")
    candidate = fteval.train("sft", base="nano", data="train.jsonl", epochs=10)
    rows = fteval.score("outputs.jsonl", "lipogram", settings={"letters": "e"})

Arguments are taken as people have them (`rows`, `models`, `probes`, `gates`); what comes back is the record with what a
notebook wants of it (`results`).
"""
