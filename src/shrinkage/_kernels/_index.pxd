"""The integers that a sparse X is indexed with."""
ctypedef fused index:
    int
    long long
