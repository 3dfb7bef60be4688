"""Strangers' images: decoded and drawn in processes that have a budget, and may die."""
