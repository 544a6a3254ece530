"""Forms in which encoders and models are stored: one module reads each; `deep.loading` chooses among them."""
