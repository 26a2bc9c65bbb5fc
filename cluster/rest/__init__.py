"""The Kubernetes HTTP API of a cluster: what kubectl and other clients speak, answered by the API server's one door."""
