"""Universes of catalogues of any size, in a memory that does not depend on it.

Two stages of independent pieces, each of which ends in files of its own and can be done again:

1. `partition`: a piece reads one catalogue, cuts and places its rows, and writes *runs*, at most `RUN_ROWS` stars each,
   sorted by *bucket*: a number that rises with a star's place in the store.
2. `shards`: when all runs are known, so are the rows of every bucket, and with them the place of each star's bucket in
   the store. A piece takes from all runs the buckets of one shard, sorts them, and writes the shard of every column.

Between them the stars that appear twice, and those beyond `--limit`, are found, so that all counts are exact.
"""
