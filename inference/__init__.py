"""Compare the masks of several checkpoints on one image."""
