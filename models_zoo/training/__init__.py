"""Training: one run is a configuration, a folder and a loop that survives being killed."""
