"""What single items look like: means, spread, normality."""
