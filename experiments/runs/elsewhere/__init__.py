"""Histories that other trackers kept: MLflow's, TensorBoard's, tables."""
