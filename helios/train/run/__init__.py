"""Training of many cells: in which order and batches, on which workers, kept how, watched by whom."""
