"""What a device does with these networks, measured within some minutes and told on one page."""
