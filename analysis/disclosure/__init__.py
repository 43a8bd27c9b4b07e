"""Disclosure control: what may be published of a wave without revealing anybody's answer."""
