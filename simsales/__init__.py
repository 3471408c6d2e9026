"""Simulate and forecast a sales organisation."""
