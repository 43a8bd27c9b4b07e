"""Models and scalings in which an answer depends on a position on one scale.

`graded_response` and `partial_credit` are fitted by marginal maximum likelihood, `rasch` by conditional
maximum likelihood. Each returns a frozen model; what is computed from a model (information, scores, fit of
items and of people) is a function of it in a module of its own. `mokken` needs no model.
"""
