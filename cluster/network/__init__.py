"""What a packet meets on its way: addresses, the rules that kube-proxy writes, names."""
