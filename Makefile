# Lamina's front door. `make help` lists the targets and their variables.
