"""One file per paper; each registers itself by its lines in `models_zoo.catalogue`."""
