"""The sentences that tell what happens, one for each story key of the simulation.

Templates: `{name}` is an argument of the story, `{n, plural, one {# Pod} other {# Pods}}` a counted one, `**bold**` is who acts.
The browser fills them in (static/js/narrator.js), so a page carries all sentences of its language once.
"""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop, override

SENTENCES: dict[str, str] = {
    "api.bind": gettext_noop("The **API server** stores to which node {object} is bound."),
    "api.create": gettext_noop("The **API server** stores {object}, which is new."),
    "api.delete": gettext_noop("The **API server** deletes {object}."),
    "api.disrupt": gettext_noop("The **API server** marks {object} as about to be evicted."),
    "api.evict": gettext_noop("The **API server** accepts the eviction of {object}."),
    "api.grant": gettext_noop("The **API server** takes one allowed disruption from the budget {object}."),
    "api.patch": gettext_noop("The **API server** stores a patch of {object}."),
    "api.update": gettext_noop("The **API server** stores a change of {object}."),
    "attach-detach.attach": gettext_noop(
        "The **attach/detach controller** asks for volume {volume} to be attached to {node}, where Pod {pod} needs it."
    ),
    "attach-detach.detach": gettext_noop(
        "The **attach/detach controller** asks for volume {volume} to be detached from {node}: no Pod there uses it."
    ),
    "attacher.attached": gettext_noop("The **storage driver** has attached volume {volume} to {node}."),
    "attacher.begin": gettext_noop("The **storage driver** begins to attach volume {volume} to {node}."),
    "attacher.detached": gettext_noop("The **storage driver** has detached volume {volume} from {node}."),
    "autoscaler.rescale": gettext_noop(
        "The **autoscaler** of {hpa} sets {object} from {current} to {desired} replicas: {reason}."
    ),
    "autoscaler.status": gettext_noop(
        "The **autoscaler** notes for {hpa}: {metrics}, {current} replicas, {desired} wanted."
    ),
    "clock.advanced": gettext_noop("The clock has gone on; nothing else has changed."),
    "cronjob.create-job": gettext_noop(
        "The **CronJob controller** finds that {cronjob} is due ({schedule}) and creates {job}."
    ),
    "cronjob.delete-history": gettext_noop(
        "The **CronJob controller** deletes {job}: {cronjob} keeps only so many finished Jobs, and the oldest goes"
        " first."
    ),
    "cronjob.delete-replaced": gettext_noop(
        "The **CronJob controller** deletes {job}, which still runs: {cronjob} is due again and replaces it."
    ),
    "cronjob.status": gettext_noop(
        "The **CronJob controller** reports for {cronjob}: {active, plural, one {# Job} other {# Jobs}} running."
    ),
    "daemonset.adopt": gettext_noop(
        "The **DaemonSet controller** finds that {pod} fits the selector of {daemonset} and belongs to nobody, and"
        " adopts it."
    ),
    "daemonset.collision": gettext_noop(
        "The **DaemonSet controller** finds its name for a revision taken and will hash the template of "
        "{daemonset} anew."
    ),
    "daemonset.create-pod": gettext_noop(
        "The **DaemonSet controller** sees that {daemonset} has no Pod on {node} and creates {pod} for it."
    ),
    "daemonset.delete-failed": gettext_noop(
        "The **DaemonSet controller** deletes {pod}, which failed on {node}, so that {daemonset} can start a new "
        "one."
    ),
    "daemonset.delete-node-gone": gettext_noop(
        "The **DaemonSet controller** deletes {pod}: its node {node} no longer exists, and {daemonset} wants it "
        "nowhere else."
    ),
    "daemonset.delete-old-unavailable": gettext_noop(
        "The **DaemonSet controller** deletes {pod} on {node}: it has the old template of {daemonset} and serves "
        "nobody."
    ),
    "daemonset.delete-replaced": gettext_noop(
        "The **DaemonSet controller** deletes the old {pod} on {node}: its successor in {daemonset} is available."
    ),
    "daemonset.delete-rolling": gettext_noop(
        "The **DaemonSet controller** updates {daemonset} on {node}: the old {pod} goes, then a new one comes."
    ),
    "daemonset.delete-second": gettext_noop(
        "The **DaemonSet controller** deletes {pod}: {node} has more than one Pod of {daemonset}."
    ),
    "daemonset.delete-succeeded": gettext_noop(
        "The **DaemonSet controller** deletes {pod}, which ended on {node}: a daemon of {daemonset} runs for ever."
    ),
    "daemonset.delete-unwanted-node": gettext_noop(
        "The **DaemonSet controller** deletes {pod}: {daemonset} no longer belongs on {node}."
    ),
    "daemonset.release": gettext_noop(
        "The **DaemonSet controller** finds that {pod} no longer fits the selector of {daemonset} and releases it."
    ),
    "daemonset.status": gettext_noop(
        "The **DaemonSet controller** reports for {daemonset}: {desired, plural, one {# node} other {# nodes}} "
        "wanted, {ready} ready."
    ),
    "deployment.adopt": gettext_noop(
        "The **Deployment controller** finds that {replicaset} fits the selector of {deployment} and adopts it."
    ),
    "deployment.collision": gettext_noop(
        "The **Deployment controller** finds another object under the name {replicaset} and will hash the template of "
        "{deployment} anew: collision {count}."
    ),
    "deployment.create-failed": gettext_noop(
        "The **Deployment controller** cannot create a ReplicaSet for {deployment}: {message}"
    ),
    "deployment.create-replicaset": gettext_noop(
        "The **Deployment controller** finds no ReplicaSet with the template of {deployment} and creates {replicaset} "
        "with {replicas, plural, one {# replica} other {# replicas}}."
    ),
    "deployment.delete-replicaset": gettext_noop(
        "The **Deployment controller** deletes the empty {replicaset}: {deployment} keeps only {limit, plural, one {# "
        "old revision} other {# old revisions}}."
    ),
    "deployment.note-size": gettext_noop(
        "The **Deployment controller** notes on {replicaset} that {deployment} has been scaled; its own size of {to} "
        "stays."
    ),
    "deployment.paused": gettext_noop("The **Deployment controller** notes that {deployment} is paused."),
    "deployment.release": gettext_noop(
        "The **Deployment controller** finds that {replicaset} no longer fits the selector of {deployment} and "
        "releases it."
    ),
    "deployment.resumed": gettext_noop("The **Deployment controller** notes that {deployment} has been resumed."),
    "deployment.reuse-replicaset": gettext_noop(
        "The **Deployment controller** finds that {replicaset} has the template of {deployment} and makes it revision "
        "{revision}."
    ),
    "deployment.revision": gettext_noop("The **Deployment controller** notes that {deployment} is at revision {revision}."),
    "deployment.scale-down": gettext_noop(
        "The **Deployment controller** scales {replicaset} of {deployment} down from {from} to {to}."
    ),
    "deployment.scale-up": gettext_noop(
        "The **Deployment controller** scales {replicaset} of {deployment} up from {from} to {to}."
    ),
    "deployment.status": gettext_noop(
        "The **Deployment controller** reports for {deployment}: {available} of {want} Pods available, {updated} "
        "updated."
    ),
    "deployment.update-replicaset": gettext_noop(
        "The **Deployment controller** passes annotations and minReadySeconds of {deployment} on to {replicaset}."
    ),
    "disruption.failed": gettext_noop(
        "The **disruption controller** cannot count for {budget}, so nothing may be evicted: {error}"
    ),
    "disruption.stale": gettext_noop(
        "The **disruption controller** takes back the mark of {pod}: two minutes have passed and nobody deletes it."
    ),
    "disruption.status": gettext_noop(
        "The **disruption controller** counts for {budget}: {healthy} healthy, {desired} needed, so "
        "{allowed, plural, one {# Pod} other {# Pods}} may be evicted."
    ),
    "endpoints.create": gettext_noop(
        "The **Endpoints controller** makes the old-style list of Service {service}: {ready, plural, one {# ready "
        "address} other {# ready addresses}}."
    ),
    "endpoints.delete": gettext_noop("The **Endpoints controller** deletes the list of Service {service}, which is gone."),
    "endpoints.update": gettext_noop(
        "The **Endpoints controller** rewrites the old-style list of Service {service}: {ready, plural, one {# ready "
        "address} other {# ready addresses}}."
    ),
    "endpointslice.create": gettext_noop(
        "The **EndpointSlice controller** makes a slice for Service {service}: {total, plural, one {# endpoint} other "
        "{# endpoints}}, {ready} ready."
    ),
    "endpointslice.delete": gettext_noop(
        "The **EndpointSlice controller** deletes {slice}: Service {service} needs it no longer."
    ),
    "endpointslice.update": gettext_noop(
        "The **EndpointSlice controller** rewrites {slice} of Service {service}: {added, plural, one {# endpoint} "
        "other {# endpoints}} added, {removed} removed, {ready} of {total} ready."
    ),
    "ephemeral-volume.create": gettext_noop(
        "The **ephemeral volume controller** makes claim {claim} for a volume that lives as long as Pod {pod}."
    ),
    "event.expired": gettext_noop("An Event has expired after an hour: {reason}."),
    "event.recorded": gettext_noop("An Event is recorded: {reason}. {message}"),
    "gc.delete": gettext_noop("The **garbage collector** deletes {object}: its owner {owner} is gone or going."),
    "gc.finish": gettext_noop(
        "The **garbage collector** takes the finalizer {finalizer} off {object}: no dependent holds it any longer."
    ),
    "gc.orphan": gettext_noop("The **garbage collector** frees {object} from its owner {owner}: it is to stay as an orphan."),
    "gc.unblock": gettext_noop(
        "The **garbage collector** lets {object} no longer block its owners: they would wait for each other for ever."
    ),
    "gc.unlink": gettext_noop(
        "The **garbage collector** removes the reference to the vanished owner {owner} from {object}; another owner "
        "remains."
    ),
    "job.adopt": gettext_noop(
        "The **Job controller** finds that {pod} fits the selector of {job} and belongs to nobody, and adopts it."
    ),
    "job.complete": gettext_noop(
        "The **Job controller** declares {job} complete: {succeeded, plural, one {# Pod has} other {# Pods have}} "
        "succeeded."
    ),
    "job.counted": gettext_noop(
        "The **Job controller** adds the noted Pods to the counts of {job}: {succeeded} succeeded, {failed} "
        "failed."
    ),
    "job.create-index": gettext_noop(
        "The **Job controller** creates {pod} for index {index} of {job}; {succeeded} indexes have succeeded."
    ),
    "job.create-pod": gettext_noop(
        "The **Job controller** sees that {job} runs {active, plural, one {# Pod} other {# Pods}} and may run "
        "{parallelism}, and creates {pod}."
    ),
    "job.delete-failing": gettext_noop(
        "The **Job controller** deletes {pod}: {job} has failed, so nothing of it must go on running."
    ),
    "job.delete-policy-met": gettext_noop(
        "The **Job controller** deletes {pod}: {job} has succeeded already and needs it no longer."
    ),
    "job.delete-surplus": gettext_noop("The **Job controller** deletes {pod}: {job} runs more Pods than it may."),
    "job.delete-suspended": gettext_noop("The **Job controller** deletes {pod}, because {job} has been suspended."),
    "job.failed": gettext_noop(
        "The **Job controller** declares {job} failed ({reason}), after {failed, plural, one {# failed Pod} other "
        "{# failed Pods}}."
    ),
    "job.failing": gettext_noop(
        "The **Job controller** decides that {job} has failed ({reason}) and waits until its Pods are gone."
    ),
    "job.free": gettext_noop("The **Job controller** takes its finalizer from {pod}: no Job will count it any more."),
    "job.release": gettext_noop(
        "The **Job controller** finds that {pod} no longer fits the selector of {job} and releases it."
    ),
    "job.resumed": gettext_noop("The **Job controller** lets {job} go on: its time counts from now."),
    "job.status": gettext_noop(
        "The **Job controller** reports for {job}: {active} active, {succeeded} succeeded, {failed} failed."
    ),
    "job.succeeding": gettext_noop(
        "The **Job controller** finds that {job} has what it needs ({reason}): {succeeded} succeeded."
    ),
    "job.suspended": gettext_noop("The **Job controller** notes that {job} is suspended: none of its Pods runs."),
    "job.untrack": gettext_noop("The **Job controller** takes its finalizer from {pod}: {job} has counted it."),
    "kube-proxy.gone": gettext_noop("The rules of {node} are gone with the machine."),
    "kube-proxy.rules": gettext_noop(
        "**kube-proxy** rewrites the rules of {node}: {added} added, {removed} removed, for {services, plural, one {# "
        "Service port} other {# Service ports}} and {endpoints, plural, one {# endpoint} other {# endpoints}}."
    ),
    "kubelet.backoff": gettext_noop(
        "The **kubelet** on {node} waits before it tries container {container} of {pod} again ({reason})."
    ),
    "kubelet.completed": gettext_noop("The **kubelet** on {node} reports that {pod} has ended well."),
    "kubelet.containers-lost": gettext_noop("The **kubelet** on {node} finds the containers of {pod} gone."),
    "kubelet.crashed": gettext_noop("Container {container} of {pod} has ended on {node} with exit code {code}."),
    "kubelet.csi-node": gettext_noop("The **kubelet** registers the storage driver of {node}: how many volumes the node takes."),
    "kubelet.deadline": gettext_noop("The **kubelet** on {node} ends {pod}: it has been active longer than it may."),
    "kubelet.evicting": gettext_noop("The kubelet of {node} stops container {container} of {pod}, which is evicted."),
    "kubelet.evicts": gettext_noop("The kubelet of {node} runs short of {resource} and evicts {pod}."),
    "kubelet.exited": gettext_noop("Container {container} of {pod} has ended on {node}, exit code {code}."),
    "kubelet.failed": gettext_noop("The **kubelet** on {node} reports that {pod} has failed."),
    "kubelet.image-removed": gettext_noop(
        "The kubelet of {node} removes the image {image}, which no container uses, to free its disk."
    ),
    "kubelet.killing": gettext_noop("The **kubelet** on {node} asks container {container} of {pod} to stop."),
    "kubelet.kubelet-started": gettext_noop("The **kubelet** on {node} starts."),
    "kubelet.lease": gettext_noop(
        "The **kubelet** on {node} creates its Lease, which it will renew every 10 seconds as its heartbeat."
    ),
    "kubelet.left-behind": gettext_noop(
        "{pod} is gone from {node}, but not its files: what lies in {folders} **stays on the disk of this node** "
        "and does not move with the Pod."
    ),
    "kubelet.mirror-created": gettext_noop(
        "The **kubelet** on {node} runs {pod} from a file and shows it to the API server as a mirror."
    ),
    "kubelet.mirror-removed": gettext_noop(
        "The **kubelet** on {node} lets the mirror {pod} go; it will make it again, and its containers run on."
    ),
    "kubelet.node-gone": gettext_noop("{node} is gone, and with it everything that lay on it; its API objects stay behind."),
    "kubelet.node-ready": gettext_noop("The **kubelet** on {node} reports that the node is Ready."),
    "kubelet.node-rebooted": gettext_noop("{node} has booted again: every container that ran on it is gone."),
    "kubelet.node-registered": gettext_noop(
        "The **kubelet** on {node} registers its machine as a Node: it is not ready yet, its Pod network is missing."
    ),
    "kubelet.node-status": gettext_noop("The **kubelet** on {node} posts the node's status."),
    "kubelet.orphan-removed": gettext_noop(
        "The **kubelet** on {node} has removed the containers of {pod}, whose object is gone."
    ),
    "kubelet.pressure": gettext_noop("The kubelet of {node} has noted how much memory and disk are left."),
    "kubelet.probe-failed": gettext_noop(
        "The **kubelet** on {node} reports container {container} of {pod} as not ready: its readiness probe fails."
    ),
    "kubelet.probe-killed": gettext_noop(
        "The **kubelet** on {node} stops container {container} of {pod} so that it starts again: its {probe} probe "
        "fails."
    ),
    "kubelet.pull-failed": gettext_noop("The image {image} for {pod} cannot be pulled on {node}: {error}."),
    "kubelet.pulled": gettext_noop("The **kubelet** on {node} has got the image {image} in {duration} ({bytes} bytes)."),
    "kubelet.pulling": gettext_noop("The **kubelet** on {node} has the image {image} pulled for container {container} of {pod}."),
    "kubelet.ready": gettext_noop("The **kubelet** on {node} reports that {pod} is Ready at {ip}."),
    "kubelet.rejected": gettext_noop("The **kubelet** on {node} refuses {pod} ({reason}): {message}."),
    "kubelet.removed": gettext_noop("Everything of {pod} on {node} has ended: the kubelet lets its object go."),
    "kubelet.sandbox": gettext_noop("The **kubelet** on {node} has a sandbox made for {pod}: the Pod gets its address {ip}."),
    "kubelet.sandbox-removed": gettext_noop("The **kubelet** on {node} has the sandbox of {pod} removed."),
    "kubelet.started": gettext_noop("The **kubelet** on {node} has started container {container} of {pod}."),
    "kubelet.static-removed": gettext_noop("The file of {pod} is gone from {node}; its mirror goes with it."),
    "kubelet.status": gettext_noop("The **kubelet** on {node} posts the status of {pod}."),
    "kubelet.volume-refreshed": gettext_noop(
        "The **kubelet** on {node} syncs {pod}: volume {volume} now holds the new contents."
    ),
    "load.removed": gettext_noop("There is no load on {service} any more."),
    "load.set": gettext_noop("The load on {service} is now {rate} requests per second."),
    "machine.added": gettext_noop("A new machine, {node}, is switched on."),
    "machine.removed": gettext_noop("The machine {node} is removed for good."),
    "namespace.conditions": gettext_noop("The **namespace controller** notes what is left in namespace {namespace}."),
    "namespace.delete-content": gettext_noop(
        "The **namespace controller** deletes {object}: namespace {namespace} is being emptied."
    ),
    "namespace.finalize": gettext_noop("The **namespace controller** finds namespace {namespace} empty and lets it go."),
    "node-ipam.assign": gettext_noop("The **node IPAM controller** gives {node} the Pod addresses {range}."),
    "node-lifecycle.labels": gettext_noop("The **node lifecycle controller** repeats labels of {node} under their older names."),
    "node-lifecycle.pod-not-ready": gettext_noop(
        "The **node lifecycle controller** marks Pod {pod} on the silent {node} as not ready."
    ),
    "node-lifecycle.relieve": gettext_noop(
        "The **node lifecycle controller** takes {taint} off {node}: with every node silent, it stops all evictions."
    ),
    "node-lifecycle.taint": gettext_noop("The **node lifecycle controller** taints {node} with {taint}."),
    "node-lifecycle.unknown": gettext_noop(
        "The **node lifecycle controller** has heard nothing from {node} for {seconds} s: its conditions become "
        "Unknown."
    ),
    "node-lifecycle.untaint": gettext_noop("The **node lifecycle controller** takes the taint {taint} off {node}."),
    "pod-gc.orphaned": gettext_noop("**Pod garbage collection** removes Pod {pod}, whose node {node} no longer exists."),
    "pod-gc.orphaned-fail": gettext_noop(
        "**Pod garbage collection** sets Pod {pod} to Failed: its node {node} no longer exists."
    ),
    "pod-gc.terminated": gettext_noop("**Pod garbage collection** removes Pod {pod}: too many Pods that have ended are kept."),
    "pod-gc.terminating": gettext_noop(
        "**Pod garbage collection** removes the terminating Pod {pod}, which no kubelet will finish."
    ),
    "pod-gc.terminating-fail": gettext_noop(
        "**Pod garbage collection** sets the terminating Pod {pod} to Failed: no kubelet will finish it."
    ),
    "provisioner.create": gettext_noop(
        "The **storage provisioner** has made {size} of storage for claim {claim} and creates volume {volume} for it."
    ),
    "provisioner.delete": gettext_noop(
        "The **storage provisioner** has deleted the storage behind volume {volume} and deletes the volume."
    ),
    "provisioner.give-back": gettext_noop(
        "The **storage provisioner** cannot make a volume for claim {claim} on {node}; the scheduler has to choose anew."
    ),
    "provisioner.grow": gettext_noop("The **storage provisioner** makes volume {volume} larger: claim {claim} asks for {size}."),
    "provisioner.grown": gettext_noop("Claim {claim} now has {size} on volume {volume}."),
    "provisioner.let-go": gettext_noop("The **storage provisioner** lets volume {volume} go: no storage is left behind it."),
    "pv-protection.protect": gettext_noop(
        "The **volume protection controller** protects volume {name} from being deleted while it is bound."
    ),
    "pv-protection.release": gettext_noop("The **volume protection controller** lets volume {name} go: it is no longer bound."),
    "pvc-protection.protect": gettext_noop(
        "The **claim protection controller** protects claim {name} from being deleted while a Pod uses it."
    ),
    "pvc-protection.release": gettext_noop(
        "The **claim protection controller** lets claim {name} go: no Pod uses it any longer."
    ),
    "quota.usage": gettext_noop("The **resource quota controller** counts for {quota}: {counted}."),
    "replicaset.adopt": gettext_noop(
        "The **ReplicaSet controller** finds that {pod} fits the selector of {replicaset} and belongs to nobody, and "
        "adopts it."
    ),
    "replicaset.create-pod": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have} of {want} Pods and creates {pod}."
    ),
    "replicaset.delete-pod": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} instead "
        "of {want} and deletes {pod}."
    ),
    "replicaset.delete-pod.colocated": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}, which shares its node with the most of its kind."
    ),
    "replicaset.delete-pod.creation-time": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}, the youngest."
    ),
    "replicaset.delete-pod.creation-time-same-scale": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}: it is about as old as others, their uids decide."
    ),
    "replicaset.delete-pod.deletion-cost": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}: its pod-deletion-cost is the lowest."
    ),
    "replicaset.delete-pod.equal": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}: nothing tells it from others."
    ),
    "replicaset.delete-pod.not-ready": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}, which is not Ready."
    ),
    "replicaset.delete-pod.phase": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}, which does not run yet."
    ),
    "replicaset.delete-pod.ready-time": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}, which has been Ready for the shortest time."
    ),
    "replicaset.delete-pod.ready-time-same-scale": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}: it has been Ready for about as long as others, their uids decide."
    ),
    "replicaset.delete-pod.restarts": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}, whose containers have restarted most often."
    ),
    "replicaset.delete-pod.unassigned": gettext_noop(
        "The **ReplicaSet controller** sees that {replicaset} has {have, plural, one {# Pod} other {# Pods}} "
        "instead of {want} and deletes {pod}, which has no node yet."
    ),
    "replicaset.release": gettext_noop(
        "The **ReplicaSet controller** finds that {pod} no longer fits the selector of {replicaset} and releases it."
    ),
    "replicaset.status": gettext_noop(
        "The **ReplicaSet controller** reports for {replicaset}: {replicas, plural, one {# Pod} other {# Pods}}, "
        "{ready} of them ready."
    ),
    "replication.adopt": gettext_noop(
        "The **ReplicationController's controller** finds that {pod} fits the selector of {replicaset} and belongs"
        " to nobody, and adopts it."
    ),
    "replication.create-pod": gettext_noop(
        "The **ReplicationController's controller** sees that {replicaset} has {have} of {want} Pods and creates "
        "{pod}."
    ),
    "replication.delete-pod": gettext_noop(
        "The **ReplicationController's controller** sees that {replicaset} has {have, plural, one {# Pod} other {#"
        " Pods}} instead of {want} and deletes {pod}."
    ),
    "replication.release": gettext_noop(
        "The **ReplicationController's controller** finds that {pod} no longer fits the selector of {replicaset} "
        "and releases it."
    ),
    "replication.status": gettext_noop(
        "The **ReplicationController's controller** reports for {replicaset}: {replicas, plural, one {# Pod} other"
        " {# Pods}}, {ready} of them ready."
    ),
    "revision.adopt": gettext_noop(
        "The **{kind} controller** adopts revision {revision}, which fits the selector of {owner}."
    ),
    "revision.forget": gettext_noop(
        "The **{kind} controller** deletes revision {number} of {owner}, {revision}: enough newer ones are kept."
    ),
    "revision.keep": gettext_noop(
        "The **{kind} controller** keeps the template of {owner} as revision {number}, {revision}."
    ),
    "revision.release": gettext_noop(
        "The **{kind} controller** releases revision {revision}, which no longer fits the selector of {owner}."
    ),
    "revision.renumber": gettext_noop(
        "The **{kind} controller** makes {revision} the newest revision of {owner}: {before} becomes {number}."
    ),
    "root-ca.publish": gettext_noop("The **CA publisher** puts the cluster's certificate into namespace {namespace}."),
    "scheduler.bind": gettext_noop(
        "The **scheduler** binds {pod} to {node}: {score} points, next comes {runner_up} with {runner_up_score}; "
        "{feasible} of {nodes} nodes were possible."
    ),
    "scheduler.bind-only": gettext_noop(
        "The **scheduler** binds {pod} to {node}, the only one of {nodes} nodes that was possible."
    ),
    "scheduler.bind-tie": gettext_noop(
        "The **scheduler** binds {pod} to {node}: {score} points, as many as {runner_up}, so chance decided; "
        "{feasible} of {nodes} nodes were possible."
    ),
    "scheduler.bind-volume": gettext_noop(
        "The **scheduler** keeps volume {volume} for claim {claim}: it can be used on {node}, where the Pod will go."
    ),
    "scheduler.disrupt": gettext_noop("The **scheduler** marks {victim} on {node} as about to be evicted for {pod}."),
    "scheduler.evict": gettext_noop("The **scheduler** evicts {victim} from {node} to make room for {pod}."),
    "scheduler.error": gettext_noop("The **scheduler** could not finish its attempt for {pod} and will try again: {message}"),
    "scheduler.expect": gettext_noop(
        "The **scheduler** has chosen {node} for {pod} and prepares what the Pod needs there before it binds it."
    ),
    "scheduler.preempt": gettext_noop(
        "The **scheduler** finds no room for {pod} and will make some on {node} by evicting {victims, plural, one {# "
        "less important Pod} other {# less important Pods}}."
    ),
    "scheduler.select-node": gettext_noop("The **scheduler** notes on claim {claim} that its volume is to be made for {node}."),
    "scheduler.take-back": gettext_noop(
        "The **scheduler** no longer keeps {node} for {other}: the more important {pod} gets it."
    ),
    "scheduler.unschedulable": gettext_noop("The **scheduler** finds no node for {pod}: {message}"),
    "serviceaccount.create": gettext_noop(
        "The **service account controller** makes the account default in namespace {namespace}."
    ),
    "statefulset.adopt": gettext_noop(
        "The **StatefulSet controller** finds that {pod} fits the selector of {statefulset} and belongs to nobody,"
        " and adopts it."
    ),
    "statefulset.create-claim": gettext_noop(
        "The **StatefulSet controller** asks for storage first: it creates {claim} for Pod {pod} of {statefulset}."
    ),
    "statefulset.create-pod": gettext_noop(
        "The **StatefulSet controller** creates {pod}, number {number} of {statefulset}."
    ),
    "statefulset.delete-ended": gettext_noop(
        "The **StatefulSet controller** deletes {pod}, which has ended, so that {statefulset} can start it again "
        "under the same name."
    ),
    "statefulset.delete-scale-down": gettext_noop(
        "The **StatefulSet controller** deletes {pod}: {statefulset} wants fewer Pods, and the highest number goes"
        " first."
    ),
    "statefulset.delete-update": gettext_noop(
        "The **StatefulSet controller** updates {statefulset} from the highest number down: it deletes {pod} and "
        "will make it anew."
    ),
    "statefulset.own-claim": gettext_noop(
        "The **StatefulSet controller** notes on {claim} who owns it, as the retention policy of {statefulset} "
        "says."
    ),
    "statefulset.release": gettext_noop(
        "The **StatefulSet controller** finds that {pod} no longer fits the selector of {statefulset} and releases"
        " it."
    ),
    "statefulset.restore-identity": gettext_noop(
        "The **StatefulSet controller** puts the labels of {pod} right: they tell its place in {statefulset}."
    ),
    "statefulset.status": gettext_noop(
        "The **StatefulSet controller** reports for {statefulset}: {replicas, plural, one {# Pod} other {# Pods}},"
        " {ready} ready, {updated} of the newest revision."
    ),
    "static-pod.removed": gettext_noop("{file} is gone from the manifest directory of {node}."),
    "static-pod.written": gettext_noop("{file} now lies in the manifest directory of {node}."),
    "switch.off": gettext_noop("**You** switch {component} off."),
    "switch.on": gettext_noop("**You** switch {component} on."),
    "taint-eviction.cancel": gettext_noop(
        "The **taint eviction controller** calls off the deletion of {pod}: it may stay on {node}."
    ),
    "taint-eviction.delete": gettext_noop("The **taint eviction controller** deletes Pod {pod} from {node} because of {taint}."),
    "taint-eviction.mark": gettext_noop(
        "The **taint eviction controller** marks Pod {pod} for deletion: it does not tolerate {taint} on {node} any "
        "longer (after {seconds} s)."
    ),
    "taint-eviction.plan": gettext_noop(
        "The **taint eviction controller** sees that {pod} tolerates {taint} on {node} for {seconds} s only, and will "
        "delete it then."
    ),
    "traffic.changed": gettext_noop("The requests that reach {pod} have changed."),
    "ttl-after-finished.delete": gettext_noop(
        "The **TTL-after-finished controller** deletes {job}: it finished {seconds, plural, one {# second} other "
        "{# seconds}} ago, and that is how long it was to stay."
    ),
    "user.annotated": gettext_noop("**You** annotate {object}: {changes}."),
    "user.configured": gettext_noop("**You** change {object}."),
    "user.cordoned": gettext_noop("**You** cordon {node}: it takes no new Pods."),
    "user.created": gettext_noop("**You** create {object}."),
    "user.deleted": gettext_noop("**You** delete {object}."),
    "user.env-set": gettext_noop("**You** set environment variables of {object}: {changes}."),
    "user.evicted": gettext_noop("**You** evict {pod} from {node}."),
    "user.executed": gettext_noop(
        "**You** run `{command}` in container {container} of {pod}, and something in it is not what it was."
    ),
    "user.exposed": gettext_noop("**You** expose a set of Pods as {object}."),
    "user.image-set": gettext_noop("**You** set the image of {object}: {changes}."),
    "user.labeled": gettext_noop("**You** label {object}: {changes}."),
    "user.patched": gettext_noop("**You** patch {object}."),
    "user.paused": gettext_noop("**You** pause the rollout of {object}."),
    "user.replaced": gettext_noop("**You** replace {object}."),
    "user.resources-set": gettext_noop("**You** set the resources of {object}: {changes}."),
    "user.restarted": gettext_noop("**You** restart the Pods of {object}."),
    "user.resumed": gettext_noop("**You** resume the rollout of {object}."),
    "user.rolled-back": gettext_noop("**You** roll {object} back to revision {revision}."),
    "user.scaled": gettext_noop("**You** scale {object} to {replicas, plural, one {# replica} other {# replicas}}."),
    "user.tainted": gettext_noop("**You** taint {node}: {taints}."),
    "user.uncordoned": gettext_noop("**You** uncordon {node}: it takes new Pods again."),
    "user.untainted": gettext_noop("**You** take taints off {node}: {taints}."),
    "volume-binder.ask-provisioner": gettext_noop(
        "The **volume binder** finds no volume for claim {claim} and leaves it to the provisioner {provisioner} to make "
        "one."
    ),
    "volume-binder.available": gettext_noop("The **volume binder** reports volume {volume} as Available: claims may have it."),
    "volume-binder.bind-claim": gettext_noop("The **volume binder** writes into claim {claim} that volume {volume} is its own."),
    "volume-binder.bind-volume": gettext_noop(
        "The **volume binder** finds volume {volume} ({size}) for claim {claim} and keeps it for the claim."
    ),
    "volume-binder.claim-bound": gettext_noop(
        "Claim {claim} is Bound: the **volume binder** has given it {size} on volume {volume}."
    ),
    "volume-binder.claim-lost": gettext_noop("The **volume binder** marks claim {claim} as Lost: {message}"),
    "volume-binder.claim-pending": gettext_noop("The **volume binder** reports claim {claim} as Pending."),
    "volume-binder.default-class": gettext_noop(
        "The **volume binder** gives claim {claim}, which names no class, the default class {storage_class}."
    ),
    "volume-binder.delete": gettext_noop(
        "The **volume binder** deletes volume {volume}: its claim is gone and its reclaim policy is Delete."
    ),
    "volume-binder.failed": gettext_noop("The **volume binder** marks volume {volume} as Failed: {message}"),
    "volume-binder.released": gettext_noop(
        "Claim {claim} is gone: the **volume binder** marks volume {volume} as Released, policy {policy}."
    ),
    "volume-binder.unbind": gettext_noop("The **volume binder** takes volume {volume} back from claim {claim}."),
    "volume-binder.volume-bound": gettext_noop("The **volume binder** reports volume {volume} as Bound to claim {claim}."),
}


# What only a large cluster tells: one command to many nodes is one sentence.
LARGE: dict[str, str] = {
    "large.cordoned": gettext_noop(
        "**You** cordon {n, plural, one {# node: it takes} other {# nodes: they take}} no new Pods."
    ),
    "large.drained": gettext_noop(
        "**You** drain {n, plural, one {# node: its Pods} other {# nodes: their Pods}} find other nodes."
    ),
    "large.heard": gettext_noop(
        "**You** switch the {n, plural, one {kubelet of # node} other {kubelets of # nodes}} in {zones} on again."
    ),
    "large.silenced": gettext_noop(
        "**You** switch the {n, plural, one {kubelet of # node} other {kubelets of # nodes}} in {zones} off."
    ),
    "large.uncordoned": gettext_noop(
        "**You** uncordon {n, plural, one {# node: it takes} other {# nodes: they take}} new Pods again."
    ),
}
# The same to somebody who only watches.
LARGE_WATCHED: dict[str, str] = {
    "large.cordoned": gettext_noop(
        "**The owner** cordons {n, plural, one {# node: it takes} other {# nodes: they take}} no new Pods."
    ),
    "large.drained": gettext_noop(
        "**The owner** drains {n, plural, one {# node: its Pods} other {# nodes: their Pods}} find other nodes."
    ),
    "large.heard": gettext_noop(
        "**The owner** switches the {n, plural, one {kubelet of # node} other {kubelets of # nodes}} in {zones} on"
        " again."
    ),
    "large.silenced": gettext_noop(
        "**The owner** switches the {n, plural, one {kubelet of # node} other {kubelets of # nodes}} in {zones}"
        " off."
    ),
    "large.uncordoned": gettext_noop(
        "**The owner** uncordons {n, plural, one {# node: it takes} other {# nodes: they take}} new Pods again."
    ),
}


def sentences(language: str) -> dict[str, str]:
    """Every template in a language, by story key."""
    with override(language):
        return {key: gettext(template) for key, template in SENTENCES.items()}


def sentences_of_large(language: str, mine: bool) -> dict[str, str]:
    """Every template for a large cluster: told to its owner, or to somebody who only watches."""
    with override(language):
        own = {key: gettext(template) for key, template in (LARGE if mine else LARGE_WATCHED).items()}
    return {**sentences(language), **own}
