"""The kubelet of each node: machines that register, Pods that start, run, fail and end."""
