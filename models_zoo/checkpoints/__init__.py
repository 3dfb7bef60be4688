"""Checkpoints: a weights file with its sidecar; shipped, published, and their histories."""
