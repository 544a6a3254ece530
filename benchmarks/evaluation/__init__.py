"""Running jobs over the folds of a corpus, and the run that they leave."""
