"""kubectl's verbs: one file for each verb or family of verbs; table.py lists them."""
