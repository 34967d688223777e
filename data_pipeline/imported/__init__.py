"""Layered data that is no PSD -> a sample or a rejection: rows of the Crello dataset, and stacks in other formats."""
