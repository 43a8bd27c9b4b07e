"""Item response models: how an answer depends on where a person stands on one latent dimension.

`graded_response` and `partial_credit` fit by marginal maximum likelihood, `rasch` by conditional maximum
likelihood. Each returns a frozen model; what is computed from a model (information, scores, fit of items and
of people) is a function of it in a module of its own.
"""
