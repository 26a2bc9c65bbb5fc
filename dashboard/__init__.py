"""The web side of Clusterscope: the Django project, its pages and its live feed."""
