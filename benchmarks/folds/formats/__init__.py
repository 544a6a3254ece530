"""Forms in which folds are kept, by this toolkit and by others: one module each, named in `registry.MODULES`."""
