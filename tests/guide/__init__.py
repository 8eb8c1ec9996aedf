"""The streams guide, and the proof that its commands work here."""
