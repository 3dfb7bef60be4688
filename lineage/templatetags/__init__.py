"""Filters for the lineage's templates."""
