"""The numbers of the README, measured on the machine where this runs."""
