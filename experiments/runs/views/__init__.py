"""The tracking pages: runs, one run, launching, comparing, the leaderboard, exports."""
