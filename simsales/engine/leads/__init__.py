"""Leads before a run begins: when they come, what they are, and what befalls the market (R1)."""
