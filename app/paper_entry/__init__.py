"""A host prints the questionnaire of an open wave and types in what comes back on paper."""
