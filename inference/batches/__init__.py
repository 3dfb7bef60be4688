"""Many images through the same checkpoints."""
