"""Template filters of the compare pages."""
