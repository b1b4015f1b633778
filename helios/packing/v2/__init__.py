"""The pack format v2: a tree of stars and proxies in bit-packed tiles; `client_export/FORMAT.md` to the byte."""
