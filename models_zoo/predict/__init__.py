"""From an image to a mask: a warm engine, tiles, ensembles, scores, pseudo-labels."""
