"""Records asked of a registry that is a server of this machine; nothing goes to the network."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from interchange.issues import Issues, SourceError
from interchange.trees import registry_api
from interchange.trees.registry_api import fetch_records
from interchange.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

Answer = tuple[int, dict[str, str], bytes]


def record(nct: str, *aliases: str) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": nct, "nctIdAliases": list(aliases)}}}


def page(*records: dict[str, Any], after: str | None = None, status: int = 200, **headers: str) -> Answer:
    body = {"studies": list(records), **({"nextPageToken": after} if after else {})}
    return status, headers, json.dumps(body).encode()


def busy(status: int, **headers: str) -> Answer:
    return status, headers, b"busy"


class Registry:
    """A registry that gives prepared answers, one a request, the last again and again; it notes what was asked."""

    def __init__(self, *answers: Answer, delay: float = 0) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.delay = delay

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        url = urlsplit(path)
        self.paths.append(url.path)
        self.asked.append({key: values[0] for key, values in parse_qs(url.query).items()})
        self.headers.append({name.lower(): value for name, value in headers.items()})
        time.sleep(self.delay)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def served(registry: Registry) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = registry.answer(self.path, dict(self.headers))
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # who asked no longer waits

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v2"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_api, "BACKOFF", 0.001)
    monkeypatch.delenv("INTERCHANGE_REGISTRY", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def fetched(registry: Registry, *ncts: str, **options: Any) -> list[str]:
    with served(registry) as base:
        return [names(r) for r in fetch_records(ncts, base=base, **options)]


def names(found: dict[str, Any]) -> str:
    return str(found["protocolSection"]["identificationModule"]["nctId"])


def refused(registry: Registry, *ncts: str, **options: Any) -> str:
    with pytest.raises(SourceError) as raised:
        fetched(registry, *ncts, **options)
    return str(raised.value)


A, B, C = "NCT00000001", "NCT00000002", "NCT00000003"


def test_records_come_in_the_order_asked_for_each_once():
    registry = Registry(page(record(B), record(A)))
    counts: list[int] = []
    assert fetched(registry, A, B, f" {A.lower()} ", progress=counts.append) == [A, B]
    assert registry.asked == [{"format": "json", "filter.ids": f"{A},{B}", "pageSize": "100"}]
    assert registry.paths == ["/api/v2/studies"]
    assert registry.headers[0]["user-agent"] == f"interchange/{__version__}"
    assert counts == [1, 2]


def test_pages_are_asked_for_to_the_last():
    registry = Registry(page(record(A), after="t1"), page(record(B), after="t2"), page(record(C)))
    assert fetched(registry, A, B, C) == [A, B, C]
    assert [asked.get("pageToken") for asked in registry.asked] == [None, "t1", "t2"]


def test_many_numbers_are_asked_for_in_batches(monkeypatch):
    monkeypatch.setattr(registry_api, "BATCH", 2)
    registry = Registry(page(record(A), record(B)), page(record(C)))
    assert fetched(registry, A, B, C) == [A, B, C]
    assert [asked["filter.ids"] for asked in registry.asked] == [f"{A},{B}", C]


def test_a_number_that_became_an_alias_gives_the_record_that_has_it():
    assert fetched(Registry(page(record(A, B))), B) == [A]
    assert fetched(Registry(page(record(A, B))), A, B) == [A]


def test_a_busy_registry_is_asked_again():
    registry = Registry(busy(429, Retry_After="0"), busy(503), page(record(A)))
    assert fetched(registry, A) == [A]
    assert len(registry.asked) == 3


def test_it_waits_as_long_as_it_is_told(monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=slept.append, time=time.time))
    registry = Registry(busy(429, Retry_After="7"), page(record(A)))
    assert fetched(registry, A) == [A]
    assert slept == [7]


def test_a_registry_that_stays_broken_is_an_error_that_says_what_to_do():
    registry = Registry(busy(500))
    text = refused(registry, A, retries=2)
    assert "IX-TREE-032  the registry cannot be asked for NCT00000001 (too many 500 error responses)" in text
    assert f"offline? download https://clinicaltrials.gov/api/v2/studies/{A} with a browser and give the file" in text
    assert len(registry.asked) == 3


def test_a_registry_that_does_not_answer_in_time():
    text = refused(Registry(page(record(A)), delay=1), A, timeout=0.05, retries=0)
    assert "(it does not answer in time)" in text


def test_no_connection():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SourceError, match=r"\(no connection\); offline\?"):
        list(fetch_records([A], base=f"http://127.0.0.1:{port}", retries=0))


def test_an_unknown_number_is_named():
    registry = Registry(page(record(A)))
    assert "IX-TREE-031  the registry has no record of NCT00000002; check the number" in refused(registry, A, B)


def test_with_issues_an_unknown_number_is_one_and_the_rest_comes():
    issues = Issues()
    assert fetched(Registry(page(record(C), record(A))), A, B, C, issues=issues) == [A, C]
    (issue,) = issues
    assert (issue.code, issue.severity, issue.place.record) == ("IX-TREE-031", "error", B)


@pytest.mark.parametrize("wrong", ["NCT1", "NCT123456789", "ISRCTN12345678", "", "NCT0000000A", "NCT00000001,NCT2"])
def test_what_is_no_nct_number_is_said_before_anything_is_asked(wrong):
    with pytest.raises(SourceError, match="is no NCT number; write NCT and eight digits"):
        fetch_records([A, wrong], base="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            (200, {}, b"<html>log in first</html>"),
            "IX-TREE-033  the registry's answer for NCT00000001 is no JSON object",
        ),
        ((200, {}, b"[]"), "is no JSON object"),
        ((200, {}, b'{"FullStudiesResponse": {}}'), "holds no list of records"),
        ((200, {}, b'{"studies": [{"hasResults": false}]}'), "holds no list of records"),
        ((403, {}, b"no"), "IX-TREE-032  the registry cannot be asked for NCT00000001 (it answers 403)"),
        ((404, {}, b"no"), "(it answers 404)"),
        (page(record(A), after="t"), "gives the same page again and again"),
    ],
)
def test_another_answer_than_the_apis_is_an_error(answer, message):
    assert message in refused(Registry(answer), A)


def test_the_environment_names_another_registry(monkeypatch):
    registry = Registry(page(record(A)))
    with served(registry) as base:
        monkeypatch.setenv("INTERCHANGE_REGISTRY", base + "/")
        assert [names(r) for r in fetch_records([A])] == [A]
    assert registry.paths == ["/api/v2/studies"]


def test_an_address_that_is_none(monkeypatch):
    monkeypatch.setenv("INTERCHANGE_REGISTRY", "clinicaltrials")
    with pytest.raises(SourceError, match="no address of a registry"):
        list(fetch_records([A]))


def test_the_proxy_of_the_machine_is_used(monkeypatch):
    proxy = Registry(page(record(A)))
    with served(proxy) as base:
        monkeypatch.setenv("http_proxy", "http://me:secret@" + base.removeprefix("http://").removesuffix("/api/v2"))
        assert [names(r) for r in fetch_records([A], base="http://registry.invalid/api/v2")] == [A]
    assert proxy.paths == ["/api/v2/studies"]
    assert proxy.headers[0]["proxy-authorization"].startswith("Basic ")


def test_numbers_keep_their_digits():
    body = json.dumps({"studies": [record(A)]}).replace('"nctIdAliases": []', '"lat": 1.50')
    with served(Registry((200, {}, body.encode()))) as base:
        (found,) = fetch_records([A], base=base)
    assert str(found["protocolSection"]["identificationModule"]["lat"]) == "1.50"


def test_the_client_is_imported_only_when_it_asks():
    code = "import sys, interchange.trees.registry_api; sys.exit('urllib3' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603
    assert ended.returncode == 0
