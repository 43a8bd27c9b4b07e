"""The service: studies, people who answer, staff, and what is given out when a wave has closed."""
