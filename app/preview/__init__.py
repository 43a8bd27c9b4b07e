"""A host tries a questionnaire of their own as a respondent would."""
