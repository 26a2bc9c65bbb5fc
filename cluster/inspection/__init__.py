"""A Pod and its volumes looked at closely: what a page shows of them at one moment. Pure functions of a World."""
