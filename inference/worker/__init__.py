"""What the inference worker does: which job comes first, warm networks, cleaning up."""
