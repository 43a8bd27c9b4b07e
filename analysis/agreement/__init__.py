"""How well repeated measurements or raters agree, and how far a score wanders by itself."""
