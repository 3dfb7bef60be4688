"""What labelling tools write and read: run lengths, tables of colours, outlines. Torch-free."""
