"""How figures are said and drawn, for reports and for the result of a person alike."""
