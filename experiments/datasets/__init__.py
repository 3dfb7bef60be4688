"""Data sets: importing them, and where their images are."""
