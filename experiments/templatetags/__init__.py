"""Where Django looks for tag libraries."""
