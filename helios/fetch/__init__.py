"""Stars of an archive as a Parquet file that `helios build` reads: asked by TAP, in pieces that resume."""
