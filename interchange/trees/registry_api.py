"""Records asked of ClinicalTrials.gov by their NCT numbers, through its API 2 (https://clinicaltrials.gov/data-api/api).

INTERCHANGE_REGISTRY names another address to ask, such as a mirror. What goes wrong says what to do instead:

    IX-TREE-030  no NCT number
    IX-TREE-031  the registry has no record of that number
    IX-TREE-032  the registry cannot be reached, or answers with errors only
    IX-TREE-033  the answer is not what the API gives
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from interchange.fhir.members import BAD_JSON, DECODE
from interchange.issues import Issue, Place, SourceError
from interchange.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from urllib3 import PoolManager

    from interchange.issues import Issues

Record = dict[str, Any]

REGISTRY = "https://clinicaltrials.gov/api/v2"
NCT = re.compile(r"NCT\d{8}")
BATCH = 100  # numbers asked for at once; the address stays short
BUSY = (429, 500, 502, 503, 504)
BACKOFF = 1.0  # seconds before the second retry; each further one waits twice as long


def fetch_records(
    ncts: Sequence[str],
    *,
    base: str | None = None,
    timeout: float = 30,
    retries: int = 4,
    progress: Callable[[int], None] | None = None,
    issues: Issues | None = None,
) -> Iterator[Record]:
    """Return the records of NCT numbers in their order, each once, as the registry gives them.

    A number that became an alias of another gives the record that has it now. ``timeout`` is in seconds, for each
    answer. A number that the registry does not know is an error in ``issues``, and without these it raises.

    Raises:
        SourceError: before anything is asked, for what is no NCT number; later, where the registry cannot be reached,
            answers otherwise than its API does, or does not know a number.
    """
    numbers = list(dict.fromkeys(_number(each) for each in ncts))
    address = (base or os.environ.get("INTERCHANGE_REGISTRY") or REGISTRY).rstrip("/")
    return _records(numbers, address, timeout, retries, progress, issues)


def _number(text: str) -> str:
    number = text.strip().upper()
    if NCT.fullmatch(number):
        return number
    message = f"`{text}` is no NCT number"
    raise SourceError(Issue("IX-TREE-030", "error", Place(), message, "write NCT and eight digits: NCT05574608"))


def _records(
    numbers: list[str],
    address: str,
    timeout: float,
    retries: int,
    progress: Callable[[int], None] | None,
    issues: Issues | None,
) -> Iterator[Record]:
    asker = _asker(address, timeout, retries)
    given: set[str] = set()
    for start in range(0, len(numbers), BATCH):
        asked = numbers[start : start + BATCH]
        records = list(_pages(asker, address, asked))
        aliased = {alias: record for record in records for alias in _names(record)[1:]}
        found = aliased | {_names(record)[0]: record for record in records}
        for number in asked:
            record = found.get(number)
            if record is None:
                _unknown(number, address, issues)
            elif (name := _names(record)[0]) not in given:
                given.add(name)
                if progress is not None:
                    progress(len(given))
                yield record


def _unknown(number: str, address: str, issues: Issues | None) -> None:
    message = f"the registry has no record of {number}"
    issue = Issue("IX-TREE-031", "error", Place(address, record=number), message, "check the number")
    if issues is None:
        raise SourceError(issue)
    issues.add(issue)


def _pages(asker: PoolManager, address: str, asked: list[str]) -> Iterator[Record]:
    """The records of all pages of the answer, in the registry's order."""
    fields = {"format": "json", "filter.ids": ",".join(asked), "pageSize": str(BATCH)}
    tokens: set[str] = set()
    while True:
        page = _page(asker, address, asked[0], fields)
        studies = page.get("studies")
        if not isinstance(studies, list) or not all(_names(study) for study in studies):
            raise _otherwise(address, asked[0], "holds no list of records")
        yield from studies
        token = page.get("nextPageToken")
        if not token:
            return
        if token in tokens:
            raise _otherwise(address, asked[0], "gives the same page again and again")
        tokens.add(str(token))
        fields["pageToken"] = str(token)


def _page(asker: PoolManager, address: str, first: str, fields: dict[str, str]) -> Record:
    from urllib3.exceptions import HTTPError, MaxRetryError

    try:
        answer = asker.request("GET", f"{address}/studies", fields=fields)
    except HTTPError as error:
        why = error.reason if isinstance(error, MaxRetryError) and error.reason is not None else error
        raise _unreached(address, first, _in_words(why)) from error
    if answer.status != 200:
        raise _unreached(address, first, f"it answers {answer.status}")
    try:
        page = DECODE(answer.data)
    except BAD_JSON:
        page = None
    if not isinstance(page, dict):
        raise _otherwise(address, first, "is no JSON object")
    return page


def _asker(address: str, timeout: float, retries: int) -> PoolManager:
    """Return what asks: it waits and tries again where the registry is busy, and goes by the proxy of this machine."""
    from urllib.request import getproxies, proxy_bypass

    from urllib3 import PoolManager, ProxyManager, Retry, Timeout, make_headers
    from urllib3.util import parse_url

    url = parse_url(address)
    if url.scheme not in {"http", "https"} or not url.host:
        hint = "write https://…, or leave it out"
        raise SourceError(Issue("IX-TREE-032", "error", Place(address), "this is no address of a registry", hint))
    headers = {**make_headers(accept_encoding=True), "User-Agent": f"interchange/{__version__}"}
    headers["Accept"] = "application/json"
    retry = Retry(total=retries, backoff_factor=BACKOFF, status_forcelist=BUSY, respect_retry_after_header=True)
    options: dict[str, Any] = {"headers": headers, "retries": retry, "timeout": Timeout(timeout)}
    proxy = None if proxy_bypass(url.host) else getproxies().get(url.scheme)
    if proxy is None:
        return PoolManager(**options)
    auth = parse_url(proxy).auth
    return ProxyManager(proxy, proxy_headers=make_headers(proxy_basic_auth=auth) if auth else None, **options)


def _names(record: object) -> list[str]:
    """The NCT number of a record and those that it has taken over; none where it is no record."""
    try:
        module = record["protocolSection"]["identificationModule"]  # type: ignore[index]
        return [module["nctId"], *module.get("nctIdAliases", ())]
    except (KeyError, TypeError, AttributeError):
        return []


def _unreached(address: str, number: str, why: str) -> SourceError:
    message = f"the registry cannot be asked for {number} ({why})"
    hint = f"offline? download {REGISTRY}/studies/{number} with a browser and give the file"
    return SourceError(Issue("IX-TREE-032", "error", Place(address), message, hint))


def _otherwise(address: str, number: str, what: str) -> SourceError:
    message = f"the registry's answer for {number} {what}"
    hint = f"look at {address}/studies/{number} with a browser; INTERCHANGE_REGISTRY must name an API 2"
    return SourceError(Issue("IX-TREE-033", "error", Place(address), message, hint))


def _in_words(error: Exception) -> str:
    """What went wrong, without the address again."""
    from urllib3 import exceptions

    if isinstance(error, exceptions.ResponseError):
        return str(error)
    words = {
        exceptions.NameResolutionError: "its name is not found",
        exceptions.NewConnectionError: "no connection",
        exceptions.TimeoutError: "it does not answer in time",
        exceptions.SSLError: "its certificate is not trusted here",
    }
    return next((text for kind, text in words.items() if isinstance(error, kind)), type(error).__name__)
