"""What a run writes down: events, failures, pictures, its state, its sidecar."""
