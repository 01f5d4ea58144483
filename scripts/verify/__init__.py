"""Checks of simulated results against theory and against published figures (`make verify`)."""
