"""Experiment tracking: data sets, checkpoints and their scores."""
