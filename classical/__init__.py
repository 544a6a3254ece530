"""Feature tables to class probabilities: SVM, XGBoost and points of reference, tuned inside the training speakers."""
