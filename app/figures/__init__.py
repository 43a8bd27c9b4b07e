"""How figures are worded and drawn, in reports and in a person's own result."""
