"""A visitor without a browser: cookies, forms, and the sandbox that they made."""

from __future__ import annotations

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple

from tests.conftest import ServerProcess


class Said(NamedTuple):
    code: int
    text: str
    url: str
    headers: dict[str, str]


class Visitor:
    """Opens pages of a running server and posts their forms."""

    def __init__(self, server: ServerProcess) -> None:
        self.base = server.url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def get(self, address: str) -> Said:
        return fetch(urllib.request.Request(self._full(address)), self._opener)

    def post(self, address: str, **fields: str) -> Said:
        """Post a form as the page at /sandbox/ would."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/sandbox/").text)
        assert found is not None
        data = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": found[1]}).encode()
        return fetch(urllib.request.Request(self._full(address), data), self._opener)

    def _full(self, address: str) -> str:
        return address if address.startswith("http") else f"{self.base}{address}"

    def new_sandbox(self) -> str:
        """Its id."""
        return self.post("/sandbox/").url.rstrip("/").rpartition("/")[2]

    def kubeconfig(self, sandbox: str) -> str:
        """The access file, from where the page says that it is."""
        found = re.search(r'href="([^"]+/kubeconfig/[a-z0-9]+)"', self.get(f"/sandbox/{sandbox}/kubectl").text)
        assert found is not None
        return self.get(found[1]).text


def server_of(kubeconfig: str) -> str:
    """The address that clients ask."""
    found = re.search(r"server: (\S+)", kubeconfig)
    assert found is not None
    return found[1]


def fetch(request: urllib.request.Request, opener: urllib.request.OpenerDirector | None = None) -> Said:
    """What a server says; a refusal is an answer as well."""
    opener = opener or urllib.request.build_opener()
    try:
        with opener.open(request, timeout=20) as answer:
            return Said(answer.status, answer.read().decode(), answer.url, dict(answer.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Said(error.code, error.read().decode(), error.url or "", dict(error.headers))
