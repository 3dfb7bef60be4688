"""Checkpoints on offer, and what they scored."""
