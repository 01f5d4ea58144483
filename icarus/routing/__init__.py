"""Shortest paths of a network, which are NetworkX's where several are equal."""
