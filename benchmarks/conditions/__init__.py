"""Conditions under which speech is heard, and what each does to a clip.

A kind is added by a function in a module here and its line in `benchmarks.conditions.registry.KINDS`.
"""
