"""Training of HUMoR's networks. Imports the engine (``humor``); the engine never imports this.

Inside, imports go downwards only, from what is used to what uses it:

1. ``data``: labelled studies, packed cases, splits.
2. ``augmentation``: windows of cases; its numbers are part of recipes.
3. ``recipe``, ``baselines``, ``provenance``, ``export``: what is trained and said about it.
4. ``losses``: what a training minimises.
5. ``checkpoints``: weights on disk.
6. ``evaluation``: what a model is worth.
7. ``monitoring``: what a training shows of itself.
8. ``run``: one training.
9. ``kit``: a training in a folder that travels.
10. ``commands``, ``cli``: what people type.
"""
