"""Models and scales of single answers: how an item's answer depends on what a person brings to it."""
