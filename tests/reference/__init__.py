"""Obvious, slow twins of the kernels, written from the source documents in another style."""
