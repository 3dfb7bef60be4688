"""What scores say, read only: statistics over images, and the results of a run."""
