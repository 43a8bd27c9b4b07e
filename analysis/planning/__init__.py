"""How many people a study needs: the questionnaire's own structure simulated, analysed and counted."""
