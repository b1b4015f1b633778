"""Builds universes from catalogues of any size, in memory that does not grow with the number of stars.

The work has two stages. Their pieces are independent; each writes its own files and can be repeated:

1. `partition`: a piece reads one catalogue, or a part of one, drops the rows that are not usable stars, places the
   others, and writes *runs*: files of up to twice `RUN_ROWS` stars, sorted by *bucket*, a number that rises with a
   star's place in the store.
2. `shards`: the runs together give the number of stars in every bucket, and so the place of each bucket in the store.
   A piece takes the buckets of one shard from all runs, sorts their stars, and writes that shard of every column.

Between the stages, duplicate stars and stars beyond `--limit` are found, so that all counts are exact.
"""
