"""Pages of hosts and operators: studies, units, waves, codes, accounts. None shows an answer or a count."""
