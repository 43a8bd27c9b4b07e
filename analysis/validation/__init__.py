"""A validation study answered phase by phase: its plan, its evidence, and the dossier of both."""
