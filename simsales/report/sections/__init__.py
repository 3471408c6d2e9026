"""Sections of the HTML report: each turns one result into plain words, tables and figures."""
