"""What runs inside a Pod: images, files, processes, programs. Pure; knows nothing of kubelets and of the API server."""
