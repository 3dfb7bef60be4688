"""Live: the frames of a camera or a video, through networks, as fast as workers have time."""
