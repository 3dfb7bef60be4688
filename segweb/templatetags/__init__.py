"""What every page may say without loading a library: see TEMPLATES in the settings."""
