"""What reports have in common: blocks that become Markdown or HTML, tables of rows, confidence intervals."""
