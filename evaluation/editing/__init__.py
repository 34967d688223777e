"""Edits of predicted layers beside the same edits of true ones, and what an edit leaves alone."""
