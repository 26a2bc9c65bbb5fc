"""wget, curl, nslookup, nc: what a container sees of other Pods, with the texts of the real tools."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cluster.containers.machine import ContainerRun, Machine, Sandbox
from cluster.containers.network import Failure, Request, Response
from tests.containers.conftest import BUSYBOX, execute
from tests.containers.test_servers import of

SEARCHES = ("default.svc.cluster.local", "svc.cluster.local", "cluster.local")


class Cluster:
    """A Service "web" at 10.96.0.5 in front of an nginx; everything else is silent."""

    def __init__(self) -> None:
        self.web = Machine.boot(Sandbox(hostname="web-1", ip="10.244.0.2"), 0).start(ContainerRun("c", of("nginx")), 0)
        self.asked: list[str] = []

    def resolve(self, name: str, at: int) -> Sequence[str] | None:
        self.asked.append(name)
        return {"web.default.svc.cluster.local": ["10.96.0.5"]}.get(name)

    def request(self, request: Request) -> Response | Failure:
        if request.host != "10.96.0.5":
            return Failure("timeout", request.timeout or 130_000, request.host)
        self.web, answer = self.web.serve(request, self)
        return answer


def client(image=BUSYBOX) -> Machine:
    machine = Machine.boot(Sandbox(hostname="client", ip="10.244.0.9", searches=SEARCHES), 0)
    return machine.start(ContainerRun("c", image, ("sleep", "1000000")), 0)


def test_it_works() -> None:
    cluster = Cluster()
    _, outcome = execute(client(), "wget -qO- http://web | grep -c Welcome; wget -O /tmp/page web", 5_000, outside=cluster)
    assert outcome.stdout == "2\n"
    assert outcome.stderr.startswith("Connecting to web (10.96.0.5:80)\nsaving to '/tmp/page'\n")
    assert cluster.asked[0] == "web.default.svc.cluster.local"
    assert any(line.text.startswith("10.244.0.9 ") and '"GET / HTTP/1.1" 200' in line.text for line in cluster.web.logs("c"))


@pytest.mark.parametrize(("script", "code", "stderr"), [
    ("wget -qO- web/none", 1, "wget: server returned error: HTTP/1.1 404 Not Found\n"),
    ("wget -q -T 3 -O- 10.9.9.9", 1, "wget: download timed out\n"),
    ("wget -qO- nope", 1, "wget: bad address 'nope'\n"),
    ("wget -qO- web:81", 1, "wget: can't connect to remote host (10.96.0.5): Connection refused\n"),
    ("wget -qO- localhost", 1, "wget: can't connect to remote host (localhost): Connection refused\n"),
    ("nc -zv web 80", 0, "web (10.96.0.5:80) open\n"),
    ("nc -zv web 81", 1, "nc: web (10.96.0.5:81): Connection refused\n"),
])
def test_busybox_says(script, code, stderr) -> None:
    _, outcome = execute(client(), script, 5_000, outside=Cluster())
    assert outcome.code == code
    assert outcome.stderr.replace("10.244.0.9", "localhost") == stderr


@pytest.mark.parametrize(("script", "code", "stdout", "stderr"), [
    ("curl -s -o /dev/null -w '%{http_code}\\n' web", 0, "200\n", ""),
    ("curl -sS nope", 6, "", "curl: (6) Could not resolve host: nope\n"),
    ("curl -sS -m 2 10.9.9.9", 28, "", "curl: (28) Connection timed out after 2001 milliseconds\n"),
    ("curl -sSf web/none", 22, "", "curl: (22) The requested URL returned error: 404\n"),
    ("curl -sS web:81", 7, "", "curl: (7) Failed to connect to web port 81 after 1 ms: Could not connect to server\n"),
])
def test_curl_says(script, code, stdout, stderr) -> None:
    _, outcome = execute(client(of("nginx")), script, 5_000, outside=Cluster())
    assert (outcome.code, outcome.stdout, outcome.stderr) == (code, stdout, stderr)


def test_names() -> None:
    _, found = execute(client(), "nslookup web", 5_000, outside=Cluster())
    assert "Name:\tweb.default.svc.cluster.local\nAddress: 10.96.0.5\n" in found.stdout
    _, missing = execute(client(), "nslookup nope", 5_000, outside=Cluster())
    assert missing.code == 1 and "** server can't find nope.default.svc.cluster.local: NXDOMAIN" in missing.stdout


def test_a_timeout_takes_its_time() -> None:
    _, outcome = execute(client(), "wget -q -T 3 -O- 10.9.9.9", 5_000, outside=Cluster())
    assert outcome.took == 3_000


@pytest.mark.parametrize(("server", "port"), [
    ("httpd -p 8080 -h /etc", 8080), ("echo -e 'HTTP/1.1 200 OK\\n\\nclient' | nc -l -p 8080 &", 8080),
])
def test_small_servers_started_by_hand(server, port) -> None:
    _, outcome = execute(client(), f"{server}\nsleep 1; wget -qO- localhost:{port}/hostname", 5_000, outside=Cluster())
    assert outcome.stdout.endswith("client\n")
