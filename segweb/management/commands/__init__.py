"""The `manage.py` commands of this app."""
