"""How models lie on a disk: SpeechBrain's published one, and those saved here."""
