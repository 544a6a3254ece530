"""The audit of folds: what a score on them says, and what it does not."""
