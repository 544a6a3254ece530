"""Questions that take many runs: ablation, learning curve, comparison."""
