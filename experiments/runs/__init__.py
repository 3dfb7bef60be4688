"""Runs: launching, watching, stopping, keeping."""
