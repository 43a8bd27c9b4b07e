"""Content validity: what a panel says of the items of a questionnaire, before anybody answers them."""
