"""Scores of masks, in NumPy alone: regions, boundaries, objects, and the failures of `scenes`."""

from models_zoo.metrics.regions import confusion, image_counts, image_scores, scores

__all__ = ["confusion", "image_counts", "image_scores", "scores"]
