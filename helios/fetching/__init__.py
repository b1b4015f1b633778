"""Fetches stars from an archive by TAP, in resumable pieces, into a Parquet file that `helios build` reads."""
