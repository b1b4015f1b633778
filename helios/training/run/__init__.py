"""Training of many cells: batches, workers, checkpoints, progress and logs."""
