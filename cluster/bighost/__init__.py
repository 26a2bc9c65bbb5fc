"""The process of a large cluster: a child of the web server, so that nothing else stutters and its memory is given back."""
