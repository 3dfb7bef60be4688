"""The networks: one folder per paper, and the parts that papers share."""
