"""Tests, in folders by what they check; CONTRIBUTING.md lists the folders."""
