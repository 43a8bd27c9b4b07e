"""A factor model as text, as a table of parameters and as the moments that it implies."""
