"""Whether a questionnaire measures alike in groups: models of several groups, and fairness of items."""
