"""How answers are kept by callers, given again, and given page by page."""
