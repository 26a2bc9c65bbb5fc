"""The sentences of explanations in English, by key. Pages translate them (dashboard/explaining.py); how places are filled:
cluster/machinery/wording.py.
"""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # --- controllers as such ---
    "controller.off": "The {component} is switched off: nobody works on it.",
    "controller.retries": "It failed {failures} times in a row; the next try comes in {seconds} s.",
    # --- Pods ---
    "pod.available": "{pod} on {node} is available.",
    "pod.leaving": "{pod} is being deleted; its grace period ends in {seconds} s.",
    "pod.ended": "{pod} has ended ({status}).",
    "pod.unscheduled": "{pod} has no node: {message}",
    "pod.unseen": "{pod} has no node yet: the scheduler has not tried it.",
    "pod.silent": "Nobody knows how {pod} is: its node {node} does not answer.",
    "pod.container-waits": "{pod}: its container waits ({reason}).",
    "pod.starting": "{pod} is starting on {node}.",
    "pod.not-ready": "{pod} runs on {node}, but is not Ready.",
    "pod.young": "{pod} is Ready and counts as available in {seconds} s (minReadySeconds {wanted}).",
    "pod.more": "{count, plural, one {# more Pod is} other {# more Pods are}} not available.",
    "pod.claim-missing": "Its claim {claim} does not exist.",
    "pod.tolerates": "It tolerates the taint {taint} of {node} without end.",
    "pod.evicted-in": "{node} has the taint {taint}, which it tolerates for {tolerated} s: it has to leave in {seconds} s.",
    "pod.place": "If {owner} became smaller, it would go as number {place} of {of}.",
    # --- which Pod goes first: what puts it before the next one ---
    "rank.all": "All Pods go, so none had to be chosen.",
    "rank.unassigned": "It has no node yet, the next one has.",
    "rank.phase": "Its phase goes earlier: Pending before Unknown before Running.",
    "rank.not-ready": "It is not Ready, the next one is.",
    "rank.deletion-cost": "Its pod-deletion-cost is lower.",
    "rank.colocated": "More Pods of the same owner share its node.",
    "rank.ready-time": "It has been Ready for a shorter time (compared by powers of two).",
    "rank.ready-time-same-scale": "Both have been Ready for about as long (the same power of two): their uids decide.",
    "rank.restarts": "Its containers have restarted more often.",
    "rank.creation-time": "It is younger (compared by powers of two).",
    "rank.creation-time-same-scale": "Both are about as old (the same power of two): their uids decide.",
    "rank.equal": "Nothing tells them apart.",
    # --- what the API server refuses ---
    "refused": "The API server refuses its Pods: {message}",
    "refused.quota": "Quota {quota}, {resource}: {used} used + {asked} asked is more than {hard}.",
    "refused.quota-mend": "Ask for less, free something, or raise quota {quota}; it is tried again by itself.",
    "refused.range": "LimitRange {range}: {complaint}.",
    # --- ReplicaSet and ReplicationController ---
    "replicaset.state": "{name} wants {want, plural, one {# Pod} other {# Pods}}; {have} exist, {available} are available.",
    "replicaset.creates": (
        "{missing, plural, one {# Pod is} other {# Pods are}} missing: it makes them in batches of 1, 2, 4 … that end "
        "with the first failure."
    ),
    "replicaset.deletes": "{surplus, plural, one {# Pod is} other {# Pods are}} too many: those on top of the order below go.",
    # --- Deployment ---
    "deployment.complete": (
        "The rollout of {name} is complete: all {want, plural, one {# Pod is} other {# Pods are}} of the newest template "
        "and available."
    ),
    "deployment.state": (
        "{name} wants {want, plural, one {# Pod} other {# Pods}}; {total} exist, {updated} of the newest template, "
        "{available} available."
    ),
    "deployment.unobserved": "The controller has not seen the newest change of its spec yet.",
    "deployment.paused": "It is paused: sizes follow replicas, but a new template is not rolled out.",
    "deployment.paused-mend": "Resume it: kubectl rollout resume deployment {name}",
    "deployment.no-replicaset": "There is no ReplicaSet for its template yet: the controller makes one next.",
    "deployment.scaling": "replicas is now {want}: first all ReplicaSets get their share of it, then the rollout goes on.",
    "deployment.bounds": (
        "{want} wanted + maxSurge {surge} = at most {most} Pods; {want} − maxUnavailable {unavailable} = at least "
        "{least} available."
    ),
    "deployment.room": (
        "Ceiling: the ReplicaSets ask for {total} of at most {most}, so {room} may be added; the new one still lacks "
        "{lacking}."
    ),
    "deployment.removable": (
        "Floor: {total} − {least} that must be available − {young} new ones that are not available yet = {removable} may "
        "be removed."
    ),
    "deployment.unhealthy": (
        "{count, plural, one {# Pod} other {# Pods}} of {replicaset} are not available: they go first, {fewer} of them "
        "now."
    ),
    "deployment.goes-on": "It does not wait: next it adds {add} and removes {fewer}.",
    "deployment.floor": "No old Pod may go: {available} are available and {least} must be.",
    "deployment.waits-new": (
        "It waits until {count, plural, one {# Pod} other {# Pods}} of the new ReplicaSet {replicaset} become available."
    ),
    "deployment.leaving": "On their way out, and counted no more: {pods}.",
    "deployment.recreate": "Strategy Recreate: first all old Pods end, then the new ones come.",
    "deployment.old-left": "It waits for the end of old Pods: {pods}.",
    "deployment.replica-failure": "{replicaset} cannot make Pods: {message}",
    "deployment.deadline": "Without progress it is called stuck in {left} s (progressDeadlineSeconds {allowed}).",
    "deployment.timed-out": (
        "It made no progress for {allowed} s: Progressing is False. The controller goes on trying all the same and takes "
        "nothing back."
    ),
    "deployment.timed-out-mend": "Mend the template, or take it back: kubectl rollout undo deployment {name}",
    # --- StatefulSet ---
    "statefulset.state": "{name} wants {want, plural, one {# Pod} other {# Pods}}; {have} exist, {available} are available.",
    "statefulset.ordered": (
        "OrderedReady: Pods are made from the lowest ordinal up and deleted from the highest down, one at a time."
    ),
    "statefulset.parallel": "Parallel: Pods are made and deleted without waiting for one another.",
    "statefulset.new-revision": "The template is new: next it is kept as a ControllerRevision.",
    "statefulset.outdated": (
        "{count, plural, one {# Pod is} other {# Pods are}} not of the newest template (revision {number}) yet: {pods}."
    ),
    "statefulset.on-delete": "OnDelete: the controller replaces no Pod by itself.",
    "statefulset.on-delete-mend": "Delete these Pods, and they come back with the new template: {pods}.",
    "statefulset.partition": "partition {partition}: ordinals below {border} keep the old template.",
    "statefulset.downwards": "The update goes from the highest ordinal down and never past a Pod that is not available.",
    "statefulset.creates": "Next it makes {pod}.",
    "statefulset.claims": "Next it makes the claim {pod}.",
    "statefulset.replaces": "Next it deletes {pod}, which comes back with the new template.",
    "statefulset.shrinks": "Next it deletes {pod}: its ordinal is no longer wanted.",
    "statefulset.clears": "Next it deletes {pod}, which has ended, and makes it anew.",
    "statefulset.waits-ordered": "It makes and changes nothing until {pod} is available.",
    "statefulset.waits-scale-down": "It deletes no further Pod until {pod} is available or gone.",
    "statefulset.waits-update": "The update goes no further until {pod} is available.",
    "statefulset.waits-end": "It waits for the end of a Pod.",
    "statefulset.stuck": (
        "Stuck: {pod} was made from another template than the wanted one (revision {number}), will not become Ready by "
        "itself, and is not replaced before it is. Undoing the template alone does not help."
    ),
    "statefulset.stuck-mend": "Delete it by hand: kubectl delete pod {pod} -n {namespace}",
    "statefulset.error": "It cannot go on: {message}",
    # --- DaemonSet ---
    "daemonset.state": (
        "{name} wants a Pod on {desired} of {nodes, plural, one {# node} other {# nodes}}; {available} are available."
    ),
    "daemonset.missing": "These nodes still lack their Pod: {nodes}.",
    "daemonset.outdated": (
        "{count, plural, one {# Pod is} other {# Pods are}} not of the newest template (revision {number}) yet: {pods}."
    ),
    "daemonset.on-delete": "OnDelete: the controller replaces no Pod by itself.",
    "daemonset.on-delete-mend": "Delete these Pods, and they come back with the new template: {pods}.",
    "daemonset.budget": (
        "maxUnavailable lets {budget, plural, one {# node} other {# nodes}} be without an available Pod; {used} are now."
    ),
    "daemonset.surge": "maxSurge lets {budget, plural, one {# node} other {# nodes}} have a second Pod; {used} have one now.",
    "daemonset.waits": "The update waits: its budget of {budget} is used up.",
    "daemonset.backed-off": "Its Pod on {node} fails again and again: the next one comes in {seconds} s (back-off {delay} s).",
    "daemonset.not-name": "Its template names the node {detail}.",
    "daemonset.not-selector": "The node lacks the label {detail} of its nodeSelector.",
    "daemonset.not-affinity": "The node does not match its required node affinity.",
    "daemonset.not-taint": "It does not tolerate the taint {detail}.",
    # --- Job ---
    "job.state": "{name}: {succeeded} succeeded, {failed} failed, {active} active.",
    "job.complete": "{name} is complete: {succeeded} succeeded, {failed} failed.",
    "job.failed": "{name} has failed: {succeeded} succeeded, {failed} failed.",
    "job.end-reason": "{reason}: {message}",
    "job.limit-exceeded": (
        "{failed, plural, one {# failure} other {# failures}} against a backoffLimit of {limit}: one more than the limit "
        "ends it."
    ),
    "job.limit-on-failure": "With restartPolicy OnFailure the restarts of containers count against the {limit}.",
    "job.managed-elsewhere": "{manager} looks after it: this controller leaves it alone.",
    "job.suspended": "It is suspended: nothing runs, and its deadline does not count.",
    "job.suspended-mend": "Set spec.suspend of {name} to false.",
    "job.ending": "It ends: {reason}. {message}",
    "job.wanted": (
        "{completions} completions − {succeeded} succeeded = {left}; at most {parallelism} at a time, so {wanted} ought "
        "to run and {active} do."
    ),
    "job.queue": (
        "Without completions it is a work queue: {wanted} of {parallelism} ought to run until one succeeds; {active} do."
    ),
    "job.queue-done": "A Pod of the work queue has succeeded: no further ones are made, {active} still run.",
    "job.terminating": (
        "{count, plural, one {# Pod is} other {# Pods are}} still ending: they are replaced only when they are gone."
    ),
    "job.failed-indexes": "These indexes have failed for good: {indexes}.",
    "job.failures-left": "{failed} of the {limit} failures that backoffLimit allows.",
    "job.deadline": "It may run for {left} s more (activeDeadlineSeconds {allowed}).",
    "job.backs-off": (
        "After {failures, plural, one {# failure} other {# failures}} in a row it waits {delay} s before it makes Pods "
        "again: {seconds} s are left."
    ),
    "job.backs-off-sum": (
        "The wait is {first} s after the first failure, doubles with each one and is at most {longest} s. Meanwhile "
        "parallel Pods are not made either."
    ),
    "job.index-backs-off": "Index {index} is tried again in {seconds} s.",
    "job.creates": "{count, plural, one {# Pod is} other {# Pods are}} made with the next look, in {seconds} s.",
    "job.runs": "{count, plural, one {# Pod runs} other {# Pods run}}: it waits for their end.",
    "job.rule": "rule {number} of the podFailurePolicy: {action}",
    "job.no-rule": "no rule of the podFailurePolicy: Count",
    # --- CronJob ---
    "cronjob.state": "{name} starts a Job at {schedule} ({zone}); {running, plural, one {# runs} other {# run}} now.",
    "cronjob.suspended": "It is suspended: what falls due meanwhile is not made.",
    "cronjob.suspended-mend": "Set spec.suspend of {name} to false.",
    "cronjob.unparseable": "Its schedule cannot be read: {problem}",
    "cronjob.never": "Its schedule never falls due twice.",
    "cronjob.many-missed": "About {count} times were missed since the last Job: only the last one can still be made up for.",
    "cronjob.too-late": "{due} was missed: it is {late} late, and startingDeadlineSeconds allows {deadline}.",
    "cronjob.forbidden": (
        "{due} is due, but concurrencyPolicy Forbid lets no second Job run beside {jobs}. It starts when that ends, if "
        "it is not too late."
    ),
    "cronjob.due": "{due} is due: its Job is made next.",
    "cronjob.next": "The next time is {due}, in {wait}.",
    "cronjob.allow": "concurrencyPolicy Allow: Jobs may run side by side.",
    "cronjob.forbid": "concurrencyPolicy Forbid: no Job starts while another one runs.",
    "cronjob.replace": "concurrencyPolicy Replace: a Job that still runs is deleted for the next one.",
    "cronjob.deadline": "A Job may start at most {seconds} s late.",
    "cronjob.history": "{successful} successful and {failed} failed Jobs are kept.",
    # --- HorizontalPodAutoscaler ---
    "hpa.state": "{name} keeps {kind} {target} between {least} and {most} replicas; it has {current}.",
    "hpa.unable": "{reason}: {message}",
    "hpa.requests-mend": "Utilization is a share of the requests: give every container a request for the resource.",
    "hpa.adapter-mend": "No API of this cluster delivers such metrics: an adapter would have to be installed.",
    "hpa.utilization": "{resource}: {used} used of {asked} requested = {percent} %; {percent} ÷ {target} wanted = ratio {ratio}.",
    "hpa.average": "{resource}: {average} on average ÷ {target} wanted = ratio {ratio}.",
    "hpa.within": "The ratio lies between {least} and {most}: near enough, {current} stay.",
    "hpa.ceiling": "⌈{ratio} × {ready} Pods that count⌉ = {proposed}.",
    "hpa.cautious": (
        "Of {pods} nothing sure is known: guesses against change are put in their place, and {proposed} are proposed."
    ),
    "hpa.largest": "Of several metrics the largest proposal counts: {proposed}, of {metric}.",
    "hpa.stabilized-up": (
        "Stabilisation: the lowest recommendation of the last {window} s counts ({recent}), so {stabilized} instead of "
        "{proposed}."
    ),
    "hpa.stabilized-down": (
        "Stabilisation: the highest recommendation of the last {window} s counts ({recent}), so {stabilized} instead of "
        "{proposed}."
    ),
    "hpa.not-stabilized": "Stabilisation ({window} s): no other recommendation is in the way.",
    "hpa.habit": "At one time it grows to at most the larger of {factor} times the size and {minimum}: {fastest}.",
    "hpa.policy-pods": "Policy {value} Pods in {period} s: {start} at the beginning of that time, so as far as {limit}.",
    "hpa.policy-percent": "Policy {value} % in {period} s: {start} at the beginning of that time, so as far as {limit}.",
    "hpa.select-max": "The policy with the largest change counts.",
    "hpa.select-min": "The policy with the smallest change counts.",
    "hpa.select-disabled": "Scaling in this direction is switched off.",
    "hpa.limit-toomanyreplicas": "maxReplicas allows {desired}, not {stabilized}.",
    "hpa.limit-toofewreplicas": "minReplicas demands {desired}, not {stabilized}.",
    "hpa.limit-scaleuplimit": "Growing is limited to {desired} now, on the way to {stabilized}.",
    "hpa.limit-scaledownlimit": "Shrinking is limited to {desired} now, on the way to {stabilized}.",
    "hpa.out-of-bounds": "{current} are outside its bounds: {desired} are set without asking the metrics.",
    "hpa.stays": "{current} stay.",
    "hpa.sets": "It sets {desired} instead of {current}.",
    "hpa.period": "It looks every 15 s; the next time in {seconds} s.",
    "hpa.ignored": "no: it ends",
    "hpa.unready": "no: it is starting",
    "hpa.missing": "no: no metrics yet",
    "hpa.ignored-assumed": "no: it ends, taken as {amount}",
    "hpa.unready-assumed": "no: it is starting, taken as {amount}",
    "hpa.missing-assumed": "no: no metrics yet, taken as {amount}",
    # --- claims and volumes ---
    "claim.bound": "{name} is bound to {volume}.",
    "claim.lost": "{name} has lost its volume {volume}, and the data on it.",
    "claim.pending": "{name} asks for {size} ({modes}) and has no volume yet.",
    "claim.match": "A volume fits: the binder finds it with its next round, in {seconds} s at the latest.",
    "claim.no-match": "None of the {count, plural, one {# volume} other {# volumes}} that there are will do.",
    "claim.names-missing": "It names the volume {volume}, which does not exist.",
    "claim.names-taken": "It names the volume {volume}, which belongs to {other}.",
    "claim.names-unfit": "It names the volume {volume}, which does not suit it: {problem}.",
    "claim.empty-class": "Its storageClassName is \"\": no volume is made for it, one has to exist.",
    "claim.no-default": "It names no storage class and none is the default one, so no volume is made for it.",
    "claim.class-mend": "Name a storage class, make one the default, or create a fitting PersistentVolume.",
    "claim.volume-mend": "Create a PersistentVolume of its size, access modes and class.",
    "claim.gets-default": "It gets the default storage class {storage_class} next.",
    "claim.delayed": "Its class {storage_class} binds only when a Pod needs it (WaitForFirstConsumer), where that Pod goes.",
    "claim.waits-node": "It waits until the scheduler finds a node for {pods}.",
    "claim.no-consumer": "No Pod uses it yet.",
    "claim.consumer-mend": "Create a Pod that uses it.",
    "claim.class-missing": "The storage class {storage_class} does not exist.",
    "claim.class-named-mend": "Create it, or make the claim anew with one that there is: {known}.",
    "claim.no-provisioner": "The class {storage_class} makes no volumes: {provisioner} is no provisioner.",
    "claim.foreign-provisioner": "It waits for the provisioner {provisioner}, and none of that name runs here.",
    "claim.provisioner-off": "The provisioner {provisioner} is switched off.",
    "claim.provisioning": "The provisioner {provisioner} is making its volume.",
    "volume.available": "{name} is free.",
    "volume.kept": "{name} is kept for the claim {claim}.",
    "volume.bound": "{name} belongs to the claim {claim}.",
    "volume.released": "The claim {claim} of {name} is gone.",
    "volume.retained": "Reclaim policy Retain: the data stays, and nobody else gets the volume.",
    "volume.retained-mend": "Remove spec.claimRef of {name} to make it free again: the next one gets the old data.",
    "volume.reclaimed": "Reclaim policy {policy}: it is cleared away next.",
    "volume.failed": "{name} could not be reclaimed: {message}",
    "volume.fits": "It fits.",
    "volume.not-claimed": "It belongs to the claim {claim}.",
    "volume.not-size": "It is too small.",
    "volume.not-volumeMode": "It has another volumeMode.",
    "volume.not-volumeAttributesClass": "It has another VolumeAttributesClass.",
    "volume.not-deleted": "It is being deleted.",
    "volume.not-phase": "It is not Available.",
    "volume.not-selector": "Its labels do not match the claim's selector.",
    "volume.not-class": "It is of another storage class.",
    "volume.not-accessModes": "It lacks an access mode.",
    "volume.not-delayed": "It would do, but the scheduler has to choose together with the node.",
    # --- Service ---
    "service.state": "{name} lists {listed, plural, one {# endpoint} other {# endpoints}}, {ready} of them ready.",
    "service.external": "It is a name for something outside: it has no endpoints.",
    "service.no-selector": "It has no selector: somebody else keeps its endpoints.",
    "service.selects": "It selects Pods with {selector}; {count} match.",
    "service.none-ready": "None of its Pods is ready: whoever calls it gets no answer.",
    "service.nobody": "No Pod of this namespace has all the labels {selector}.",
    "service.near": "{pod} comes near: it has {has}.",
    "endpoint.ended": "It has ended.",
    "endpoint.no-address": "It has no address yet.",
    "endpoint.no-node": "Its node {node} does not exist.",
    "endpoint.no-port": "None of its containers has a port of the name that the Service asks for.",
    "endpoint.leaving": "It is being deleted: no new traffic.",
    "endpoint.not-ready": "It is not Ready.",
    "endpoint.ended-of": "Service {service} does not list it: it has ended.",
    "endpoint.no-address-of": "Service {service} does not list it: it has no address yet.",
    "endpoint.no-node-of": "Service {service} does not list it: its node {node} does not exist.",
    "endpoint.no-port-of": "Service {service} does not reach it: it has no port of the wanted name.",
    "endpoint.leaving-of": "Service {service} sends it no new traffic: it is being deleted.",
    "endpoint.not-ready-of": "Service {service} sends it no traffic: it is not Ready.",
    # --- quotas ---
    "quota.state": "{name} bounds {count, plural, one {# amount} other {# amounts}} of this namespace.",
    "quota.full": "Used up: {resources}. What asks for more of it is refused, and not queued.",
    # --- deletion ---
    "held.foreground": "Its deletion waits for what belongs to it: {dependents}.",
    "held.orphan": "Its deletion waits until what belongs to it has been released.",
    "held.claim": "Its deletion waits for the Pods that use it: {pods}.",
    "held.volume": "Its deletion waits for the claim {claim} that it is bound to.",
    "held.job": "Its deletion waits until its Job has counted it.",
    "held.foreign": "Its deletion waits for whoever takes off the finalizer {finalizer}.",
    "held.foreign-mend": "If nobody is there to do so, edit it and remove {finalizer} from metadata.finalizers.",
    "garbage.takes": "Its owner {owner} is gone: the garbage collector deletes it.",
    "garbage.gone": "Its owner {owner} is gone.",
    # --- nodes ---
    "node.heard": "{node} is {status}; its kubelet was heard of {ago} s ago.",
    "node.unheard": "{node} is {status}; no kubelet has reported for it yet.",
    "node.silent-in": "Without a heartbeat it is called Unknown in {seconds} s.",
    "node.unknown": (
        "Nobody knows how it is: its Pods stay as they are and are evicted when their tolerations of the taint "
        "unreachable end."
    ),
    "node.unschedulable": "It is cordoned: no new Pod comes, those that are there stay.",
    "node.repels": "It repels Pods that do not tolerate {taints}.",
    "node.evicts": "{pod} has to leave in {seconds} s.",
    # --- disruption budgets ---
    "budget.state": (
        "{name}: {healthy} of its {expected, plural, one {# Pod is} other {# Pods are}} healthy and {desired} must be, "
        "so {allowed} may be evicted now."
    ),
    "budget.spent": "Every eviction is refused until more Pods are healthy; deleting a Pod outright asks no budget.",
    # --- what a Job has too many of ---
    "decision.job-kept": "{kept} is the first that stays.",
    # --- decisions that were made ---
    "decision.scale-down": "{count, plural, one {# Pod} other {# Pods}} stood in line; it was number {place}, before {kept}.",
    "decision.rolling": (
        "{want} wanted, at most {most}, at least {least} available; {total} were asked for and {available} available, so "
        "{allowed} could change."
    ),
    "decision.unhealthy": "{count, plural, one {# old Pod was} other {# old Pods were}} not available: such ones go first.",
    "decision.recreate": "Strategy Recreate: {count, plural, one {# old Pod} other {# old Pods}} had to end first.",
    "decision.recreate-done": "Strategy Recreate: the old Pods were gone, the new ones could come.",
    "decision.scale": "Only one ReplicaSet has Pods: it gets all {want}.",
    "decision.saturated": "The new ReplicaSet has all {want} available: the old ones go to zero.",
    "decision.proportional": "Scaled in the middle of a rollout: each ReplicaSet gets its share of {most}.",
    "decision.stateful-scale-down": "Ordinal {ordinal} is no longer wanted, and no higher one is left.",
    "decision.stateful-update": (
        "Ordinal {ordinal} is the highest one that is not of the new template, and all above it are available."
    ),
    "decision.stateful-ended": "It had ended: a StatefulSet makes an ended Pod anew.",
    "decision.stateful-wait": "Everything waited for {pod}.",
    "decision.daemon-unwanted-node": "It may not run on {node} any more.",
    "decision.daemon-second": "A second Pod was on {node}: the oldest one stays.",
    "decision.daemon-failed": "It had failed on {node}: a new one is tried.",
    "decision.daemon-succeeded": "It had ended on {node}, and a daemon has to run for ever.",
    "decision.daemon-node-gone": "Its node {node} is gone.",
    "decision.daemon-rolling": "It was of the old template, and the budget let {node} be without a Pod for a while.",
    "decision.daemon-old-unavailable": "It was of the old template and not available: nobody misses it.",
    "decision.daemon-replaced": "Its successor on {node} is available.",
    "decision.job-wait": "After {failures, plural, one {# failure} other {# failures}} in a row no Pod was made for {seconds} s.",
    "decision.job-end": "{reason}: {message}",
    "decision.job-delete-policy-met": "Its success policy was met: what still runs is stopped.",
    "decision.job-delete-failing": "The Job had failed: what still runs is stopped.",
    "decision.job-delete-suspended": "The Job was suspended.",
    "decision.job-delete-surplus": (
        "More Pods ran than the Job needs: those without a node, then those that are not Ready go first."
    ),
    "decision.cronjob": "It was due for {late} s; concurrencyPolicy {policy}.",
    "decision.cronjob-history": "Only {limit} of these are kept.",
    "decision.cronjob-replaced": "concurrencyPolicy Replace: the next one takes its place.",
    "decision.autoscale": "Of {current} the metrics made {proposed}, stabilisation {stabilized}, bounds and rates {desired}.",
    "decision.autoscale-bounds": "{current} were outside the bounds {least}–{most}: {desired}.",
    "decision.evict": "{node} has the taint {taint}, which it did not tolerate or no longer: {seconds} s were granted.",
    "decision.eviction": "{node} had {available} of {resource} left and has to keep {threshold}. Of its Pods those go first "
                         "that use more than they requested, then the less important, then those that use the most above their "
                         "request.",
    "decision.eviction-first": "{pod} went: it used {used}, had requested {request}, and its priority is {priority}.",
    "decision.eviction-next": "After it would come {pod}: it used {used}, had requested {request}, and its priority is "
                              "{priority}.",
    "decision.unknown": "The node had not been heard of for more than {seconds} s.",
    "decision.garbage": "Its owner {owner} was gone (propagation {policy}).",
    # --- heads of tables ---
    "table.order": "Who would go first",
    "table.ordinals": "Ordinals",
    "table.nodes": "Nodes",
    "table.ended-pods": "Pods that have ended",
    "table.amounts-cpu": "CPU of each Pod",
    "table.amounts-memory": "Memory of each Pod",
    "table.volumes": "Volumes that there are",
    "table.endpoints": "Pods that it selects",
    "table.quota": "Amounts",
    "column.place": "No.",
    "column.pod": "Pod",
    "column.node": "Node",
    "column.phase": "Status",
    "column.ready": "Ready",
    "column.cost": "Deletion cost",
    "column.colocated": "Same owner on the node",
    "column.ready-for": "Ready for",
    "column.restarts": "Restarts",
    "column.age": "Age",
    "column.because": "Because",
    "column.ordinal": "Ordinal",
    "column.version": "Version",
    "column.standing": "Standing",
    "column.runs-here": "Runs here",
    "column.index": "Index",
    "column.exit-code": "Exit code",
    "column.counts": "Counts",
    "column.used": "Used",
    "column.request": "Requested",
    "column.volume": "Volume",
    "column.size": "Size",
    "column.class": "Class",
    "column.modes": "Access",
    "column.address": "Address",
    "column.listed": "Traffic",
    "column.resource": "Resource",
    "column.hard": "Limit",
    "column.left": "Left",
    "cell.none": "none",
    "cell.yes": "yes",
    "cell.no": "no",
    "cell.may-stay": "may stay",
    "cell.success": "success",
    "cell.not-ready": "no, not ready",
    "standing.missing": "missing",
    "standing.available": "available",
    "standing.surplus": "no longer wanted",
}
