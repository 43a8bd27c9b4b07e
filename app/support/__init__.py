"""Pages for everybody: people to talk to, a sheet to plan a talk, accessibility."""
