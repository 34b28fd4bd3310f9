"""How the embedded model was made: the corpus told about its world, the recipe, the training, what it can do, its card.

From the repository's root: PYTHONPATH=scripts python -m nano_model.build
"""
