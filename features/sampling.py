"""The rate at which all sound is analysed."""

RATE = 16000
"""Samples per second: speech above 8 kHz carries little that the statistics or the encoders use."""
