"""The login of a server's owner, with a provider of OpenID Connect on this computer.

`tests/test_access.py` tries the roles; here it is that what `st.login` tells of who comes is what
the roles go by, from the button to the page *Class*.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from app_server import launched, settled
from served import free_port, served

from core.paths import ROOT

pytestmark = pytest.mark.browser

_TEACHER = {"sub": "t1", "email": "teacher@school.example", "email_verified": True}
_STUDENT = {"sub": "s1", "email": "pupil@school.example", "email_verified": True}
_UNSURE = {"sub": "u1", "email": "teacher@school.example", "email_verified": False}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A class's server that asks for a login or its code; its address."""
    folder = tmp_path_factory.mktemp("school")
    port, own = free_port(), free_port()
    address, issuer = f"http://localhost:{port}", f"http://localhost:{own}"
    known = "/.well-known/openid-configuration"
    (folder / "access.toml").write_text(f'login = true\nteachers = ["{_TEACHER["email"]}"]\n')
    login = {"redirect_uri": f"{address}/oauth2callback", "cookie_secret": os.urandom(16).hex(),
             "client_id": "lrclr", "client_secret": "a secret",
             "server_metadata_url": issuer + known}  # fmt: skip
    told = "".join(f'{name} = "{value}"\n' for name, value in login.items())
    (folder / "secrets.toml").write_text(f"[auth]\n{told}")
    provider = [sys.executable, "-m", "oidc_provider_mock", "--port", str(own), "--host",
                "localhost"]  # fmt: skip
    for user in (_TEACHER, _STUDENT, _UNSURE):
        provider += ["--user-claims", json.dumps(user)]
    app = [sys.executable, "-m", "streamlit", "run", str(ROOT / "explorer" / "Home.py"),
           "--server.port", str(port), "--server.headless", "true",
           "--secrets.files", str(folder / "secrets.toml")]  # fmt: skip
    environment = {**os.environ, "LRCLR_CACHE": str(folder / "cache"), "LRCLR_CLASS_CODE": "HEARTS",
                   "LRCLR_RECORDS": f"sqlite:///{folder}/notes.sqlite",
                   "LRCLR_ACCESS": str(folder / "access.toml")}  # fmt: skip
    with (
        served(provider, dict(os.environ), folder, issuer + known),
        served(app, environment, ROOT, f"{address}/_stcore/health"),
    ):
        yield address


def _logged_in(browser: Any, school: str, user: dict[str, Any]) -> Any:
    """A browser elsewhere, behind the proxy that a login needs, in which a user has logged in."""
    context = browser.new_context(extra_http_headers={"X-Forwarded-For": "10.0.0.7"})
    context.route(  # of the provider's page, a style of somewhere else
        lambda url: urlsplit(url).hostname != "localhost", lambda route: route.abort()
    )
    context.set_default_timeout(600_000)  # a busy machine takes its time
    page = context.new_page()
    page.goto(f"{school}/classroom")
    page.get_by_text("Its code stands on the wall").wait_for()
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name=user["sub"], exact=True).click()
    page.wait_for_url(f"{school}/**")
    return page


def test_who_logs_in_is_who_the_provider_says(school: str) -> None:
    with launched() as browser:
        teacher = _logged_in(browser, school, _TEACHER)
        settled(teacher)
        teacher.goto(f"{school}/classroom")  # the browser keeps the login
        teacher.get_by_text("Nobody has joined yet.").wait_for()

        student = _logged_in(browser, school, _STUDENT)
        settled(student)
        student.goto(f"{school}/classroom")
        student.get_by_text("The class is its teacher's").first.wait_for()
        assert not student.get_by_text("Nobody has joined yet.").count()

        unsure = _logged_in(browser, school, _UNSURE)
        unsure.goto(f"{school}/classroom")
        asked = unsure.get_by_text("Its code stands on the wall")
        asked.or_(unsure.get_by_text("Nobody has joined yet.")).first.wait_for()
        assert asked.count(), "an address that nobody has verified is nobody's"
