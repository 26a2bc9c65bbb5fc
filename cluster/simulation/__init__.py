"""Virtual time: what is due next, step by step, forwards, backwards and sideways."""
