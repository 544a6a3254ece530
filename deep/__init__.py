"""wav2vec2 and other speech encoders: fine-tuned, frozen, or as released. The only package that imports torch."""
