"""What stands, drives, floats and walks in a scene."""
