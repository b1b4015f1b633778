"""What a cell's training starts from. A new start is one file and one line in `helios.train.registries`."""
