"""Signs that somebody answered without reading."""
