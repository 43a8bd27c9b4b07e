"""What experts and people with lived experience say of the items, before anybody answers them."""
