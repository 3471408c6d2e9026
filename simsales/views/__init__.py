"""Views: a process as others draw it, and what a run says about time and people."""
