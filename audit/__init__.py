"""What an auditor does with a dataset."""
