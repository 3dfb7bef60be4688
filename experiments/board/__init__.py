"""What runs say together: curves, comparing, the leaderboard, reports."""
