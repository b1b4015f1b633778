"""Levels of detail: the tree of cells in which every star is kept once, and everything below a cell stands in it too.

A cell keeps the stars that matter most in it, its *own* stars, for ever. The remaining light of each of its children
is told by some *proxies*, which give way to the child's own stars and proxies where the child is opened. The root,
above the cells of depth 0, keeps the stars that the naked eye sees from the Sun.
"""
