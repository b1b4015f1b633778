"""Universes of catalogues of any size, in a memory that does not depend on it.

Two stages of independent pieces, each of which writes files of its own and can be repeated:

1. `partition`: a piece reads one catalogue, drops the rows that are no stars, places the others, and writes *runs*: at
   most `RUN_ROWS` stars each, sorted by *bucket*, a number that rises with a star's place in the store.
2. `shards`: once all runs are known, so is the number of stars in every bucket, and with it the place of each bucket in
   the store. A piece takes the buckets of one shard from all runs, sorts their stars, and writes that shard of every
   column.

Between the stages, stars that appear twice and those beyond `--limit` are found, so that all counts are exact.
"""
