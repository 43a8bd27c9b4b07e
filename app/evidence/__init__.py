"""The registry of evidence: what a dossier opens, for whom, on whose word, and until when."""
