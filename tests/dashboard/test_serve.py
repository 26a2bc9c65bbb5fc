"""`manage.py serve`: one process starts, answers, and ends cleanly."""

import http.client
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.conftest import ROOT, ServerProcess, server_environment, start_server


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("serve")


def serve(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "serve"],
        env=environment,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def ends_cleanly(server: ServerProcess, number: signal.Signals) -> None:
    assert server.stop(number) == 0
    assert "Traceback" not in "".join(server.errors)


def test_it_works(var):
    server = start_server(var)
    with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as response:
        assert response.read() == b"ok"
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    ends_cleanly(server, signal.SIGTERM)
    assert server.errors == []


def test_it_starts_again_and_ends_on_ctrl_c(var):
    server = start_server(var)
    ends_cleanly(server, signal.SIGINT)
    assert server.output == [f"Clusterscope is at {server.url} (Ctrl-C ends it)\n"]


def test_the_root_page_answers(var):
    server = start_server(var)
    try:
        with urllib.request.urlopen(f"{server.url}/", timeout=10) as response:
            assert response.status == 200
    finally:
        ends_cleanly(server, signal.SIGTERM)


def test_it_ends_with_an_open_connection(var):
    server = start_server(var)
    with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as response:
        ends_cleanly(server, signal.SIGTERM)
        assert response.status == 200


def test_a_taken_port_is_one_sentence_and_exit_code_1(var):
    server = start_server(var)
    try:
        port = server.url.rpartition(":")[2]
        second = serve(server_environment(var, PORT=port))
    finally:
        ends_cleanly(server, signal.SIGTERM)
    assert second.returncode == 1
    assert second.stderr == f"CommandError: Cannot listen on 127.0.0.1 port {port}: address already in use.\n"


def test_a_wrong_port_is_named(var):
    outcome = serve(server_environment(var, PORT="eighty"))
    assert outcome.returncode == 1
    assert "PORT must be a number from 0 to 65535, not 'eighty'." in outcome.stderr


def test_a_signal_during_the_start_ends_it_quietly(tmp_path):
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "serve"],
        env=server_environment(tmp_path),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()  # the static files are collected, the migrations come next
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors


def upgrade(server: ServerProcess, path: str, origin: str) -> int:
    """Ask for a WebSocket and return the status of the answer."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Origin": origin,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_an_unknown_or_foreign_websocket_is_refused(var):
    server = start_server(var)
    try:
        assert upgrade(server, "/nowhere", server.url) == 403
        assert upgrade(server, "/nowhere", "http://evil.example") == 403
    finally:
        ends_cleanly(server, signal.SIGTERM)


def test_a_foreign_host_is_refused(var):
    server = start_server(var)
    request = urllib.request.Request(f"{server.url}/healthz", headers={"Host": "evil.example"})
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == 400
        refused.value.close()
    finally:
        ends_cleanly(server, signal.SIGTERM)


def test_debug_serves_static_files_uncollected(tmp_path):
    server = start_server(tmp_path, DEBUG="1")
    try:
        with urllib.request.urlopen(f"{server.url}/static/django_htmx/htmx-2.min.js", timeout=10) as response:
            assert response.status == 200
        assert not (tmp_path / "static").exists()
    finally:
        ends_cleanly(server, signal.SIGTERM)


def test_static_files_have_lasting_names_and_compressed_twins(var):
    server = start_server(var)
    try:
        request = urllib.request.Request(
            f"{server.url}/static/django_htmx/htmx-2.min.js", headers={"Accept-Encoding": "gzip"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.headers["Content-Encoding"] == "gzip"
        with pytest.raises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(f"{server.url}/static/../dashboard/settings.py", timeout=10)
        assert missing.value.code == 404
        missing.value.close()
    finally:
        ends_cleanly(server, signal.SIGTERM)
