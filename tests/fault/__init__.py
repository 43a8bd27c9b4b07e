"""Faults from outside: connections cut, servers killed, and more requests than the service can answer."""
