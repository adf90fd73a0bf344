"""The sandbox's controls, such as "clock", "faults" or "checkout/cs_1/pay", as tests use them."""

from http import HTTPStatus
from typing import Any

import requests
from werkzeug.test import Client, TestResponse

from sandbox.app import Sandbox


def ask(sandbox: Sandbox, path: str, /, **body: Any) -> TestResponse:
    """Call a control of a sandbox in this process; return its answer, which may be a refusal."""
    return Client(sandbox).post(f"/_sandbox/{path}", json=body)


def control(sandbox: Sandbox, path: str, /, **body: Any) -> Any:
    """Call a control of a sandbox in this process; return its JSON. A refusal fails the test."""
    answer = ask(sandbox, path, **body)
    assert answer.status_code == HTTPStatus.OK, answer.text
    return answer.get_json()


def control_over_http(url: str, path: str, /, *, method: str = "POST", **body: Any) -> Any:
    """Call a control of the sandbox that serves at this address; return its JSON. A refusal fails the test."""
    with requests.Session() as session:
        session.trust_env = False  # No proxy.
        answer = session.request(method, f"{url}/_sandbox/{path}", json=body, timeout=30)
    assert answer.status_code == HTTPStatus.OK, answer.text
    return answer.json()
