"""The functions of curves that are compiled: stack distances, and the loop of one cache."""
