"""What pages say of networks: descriptions, data paths, the lineage in numbers, cards."""
