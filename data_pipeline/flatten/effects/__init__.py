"""Layer effects: one file for each kind, and how they join their layer."""
