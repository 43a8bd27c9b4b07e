"""What may be published of a wave without giving anybody away."""
