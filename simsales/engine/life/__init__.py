"""A deal's life in four steps: entering a stage, working, leaving it, gathering for a meeting (R2 to R6)."""
