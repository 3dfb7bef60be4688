"""One image seen through several checkpoints."""
