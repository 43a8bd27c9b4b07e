"""Factor models: the structure behind items, explored or confirmed."""
