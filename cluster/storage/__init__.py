"""Volumes: which volume fits which claim, and the simulated storage driver that makes them."""
