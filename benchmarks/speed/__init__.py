"""Measurements of the toolkit itself: how fast, and how exact."""
