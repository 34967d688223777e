"""Metrics, leaf functions on arrays, and the reports that state them beside what was published."""
