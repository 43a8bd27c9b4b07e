"""Factor models: extraction, rotation, the one-factor model."""
