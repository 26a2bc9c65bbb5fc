"""`kubectl run`: one Pod (kubectl/pkg/cmd/run/run.go, kubectl/pkg/generate/versioned/run.go)."""

from __future__ import annotations

from cluster.kubectl.command import Command, Flag, switch
from cluster.kubectl.creating import FLAGS, IMAGE, create, environment, number, pairs, usage
from cluster.kubectl.invocation import CommandError, Invocation, Run
from cluster.kubectl.results import Results
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY

RESTART_POLICIES = ("Always", "OnFailure", "Never")
PULL_POLICIES = ("", "Always", "IfNotPresent", "Never")
ATTACHING = ("stdin", "tty", "attach", "rm")


def _run(invocation: Invocation) -> Run:
    words = [word for word in invocation.words if word != "--"]
    if not words or invocation.words[0] == "--":
        raise usage(invocation, "NAME is required for run")
    if not invocation.text("image"):
        raise CommandError("error: --image is required")
    if not IMAGE.fullmatch(invocation.text("image")):
        raise CommandError(f'error: Invalid image name "{invocation.text("image")}": invalid reference format')
    for flag in ATTACHING:
        if invocation.on(flag):
            raise CommandError(f"error: this console cannot attach to a container: leave --{flag} out")
    if invocation.on("expose") and not invocation.text("port"):
        raise usage(invocation, "--port must be set when exposing a service")
    results = Results(invocation)
    pod = _pod(invocation, words[0], words[1:])
    # The Pod is made first and named last, as kubectl does.
    made = create(invocation, results, pod)
    if invocation.on("expose"):
        service = create(invocation, results, _service(invocation, pod))
        yield results.done(REGISTRY["services"], service, "created")
    yield results.done(REGISTRY["pods"], made, "created")
    return 0


def _pod(invocation: Invocation, name: str, arguments: list[str]) -> Document:
    restart, pull = invocation.text("restart") or "Always", invocation.text("image-pull-policy")
    if restart not in RESTART_POLICIES:
        raise usage(invocation, f"invalid restart policy: {restart}")
    if pull not in PULL_POLICIES:
        raise usage(invocation, f"invalid image pull policy: {pull}")
    container: Document = {"image": invocation.text("image"), "name": name, "resources": {}}
    optional = {
        "command" if invocation.on("command") else "args": arguments,
        "env": environment(invocation.many("env")),
        "ports": [{"containerPort": number(invocation.text("port"))}] if invocation.text("port") else [],
        "imagePullPolicy": pull,
    }
    container |= {field: value for field, value in optional.items() if value}
    labels = pairs(invocation.text("labels"), "label") if invocation.text("labels") else {"run": name}
    meta: Document = {"labels": labels, "name": name}
    if invocation.many("annotations"):
        meta["annotations"] = pairs(",".join(invocation.many("annotations")), "annotation")
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": meta,
        "spec": {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart}, "status": {},
    }


def _service(invocation: Invocation, pod: Document) -> Document:
    port = number(invocation.text("port"))
    labels = pod["metadata"]["labels"]
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": pod["metadata"]["name"]},
        "spec": {"ports": [{"port": port, "protocol": "TCP", "targetPort": port}], "selector": labels},
        "status": {"loadBalancer": {}},
    }


COMMANDS = (
    Command(
        "run", _run, 'kubectl run NAME --image=image [--env="key=value"] [--port=port] [--command] -- [COMMAND] [args...]',
        "Run a particular image in a pod",
        (
            Flag("image", help="The image for the container to run."),
            Flag("port", help="The port that this container exposes."),
            Flag("env", "array", absent=(), help="Environment variables to set in the container."),
            Flag("labels", short="l", help="Comma separated labels to apply to the pod."),
            Flag("annotations", "array", absent=(), help="Annotations to apply to the pod."),
            Flag("restart", absent="Always", help="The restart policy for this Pod. Legal values [Always, OnFailure, Never]."),
            Flag("image-pull-policy", help="The image pull policy for the container."),
            switch("command", help="Use the extra arguments as the 'command' field rather than the 'args' field."),
            switch("expose", help="Create a ClusterIP service associated with the pod. Requires --port."),
            switch("stdin", "i"), switch("tty", "t"), switch("attach"), switch("rm"), *FLAGS,
        ),
        examples=("kubectl run web --image=nginx:1 --port=80", "kubectl run once --image=busybox --restart=Never -- sleep 5"),
    ),
)
