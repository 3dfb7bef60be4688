"""Share links of comparisons and batches."""
