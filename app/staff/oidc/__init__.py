"""Sign-in of staff by their institution (OpenID Connect)."""
