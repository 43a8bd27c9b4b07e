"""What happens when a wave closes: rows are mixed, figures computed once, and whatever is due is done."""
