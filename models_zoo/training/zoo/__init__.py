"""The shipped zoo: which networks are trained on what, and how."""
