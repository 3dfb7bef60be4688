"""What the training worker does: a run's process, its events, its use of the machine."""
