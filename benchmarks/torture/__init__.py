"""Hostile inputs and faults, each with what must come of it; `python -m benchmarks.torture` runs the whole table."""
