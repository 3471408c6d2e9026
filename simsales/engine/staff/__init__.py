"""Reps as servers, layer by layer: who is there and how fast, whom a deal goes to, whose turn it is, who leaves."""
