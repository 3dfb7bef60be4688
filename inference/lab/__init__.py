"""What is asked for on a finished comparison: ensembles, and looks into a network."""
