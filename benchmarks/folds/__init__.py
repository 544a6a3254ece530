"""Who trains, validates and tests, and the checks for leaks."""
