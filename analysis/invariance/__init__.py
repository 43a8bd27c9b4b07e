"""Whether a questionnaire measures the same in groups: models of several groups, and fairness of items."""
