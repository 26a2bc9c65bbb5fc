"""Controllers of the control plane: one file each, as in kube-controller-manager."""
