"""What rooms and worker keep alike: data sets, checkpoints, epochs and files of runs.

Services beneath the rooms, so that no room needs another one.
"""
