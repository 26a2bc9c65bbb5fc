"""kube-scheduler: the framework, its queue, one file per plugin, and the record of every decision."""
