"""What every request meets: accounts, problems, health, files."""
