"""Benchmarks: seeded problems, one adapter a peer, a table of rows, and a runner that interleaves them."""
