"""The site's other names lead to the one in SITE_URL: cookies belong to one name, and buyers come back to that one."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
DEFAULT_PORTS = {"http": "80", "https": "443"}

# Programs call these under any of the site's names; a redirect would lose their token or their event.
FOR_PROGRAMS = ("/api/", "/stripe/webhook/", "/healthz")
API_DOCS = "/api/docs"


class OneName:
    """Redirects people who open a page under another name, before they sign in there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Asked first: a host that is not the site's is refused here, and not redirected to TLS by Django.
        host = request.get_host()
        if request.method == "GET" and is_page(request.path_info) and is_other_name(host):
            return HttpResponseRedirect(settings.SITE_URL + request.get_full_path())
        return self.get_response(request)


def is_page(path: str) -> bool:
    # A page that a form led to under another name loads its style from there: from elsewhere it would be refused.
    return path == API_DOCS or not path.startswith((*FOR_PROGRAMS, settings.STATIC_URL))


def is_other_name(host: str) -> bool:
    """Return whether this host, one of ALLOWED_HOSTS, is a name that people use instead of the one in SITE_URL."""
    site = urlsplit(settings.SITE_URL)
    ours = (site.netloc.rpartition(":")[0] if site.port else site.netloc).lower()
    name, port = split_domain_port(host)
    if name == ours:
        # Django takes a dot at the end for the same name; for a browser's cookies it is another one.
        return f"{name}." in host.lower()
    if ours in LOOPBACK:
        # On a developer's machine: another port is another program, or forwarded; a public name has no other address.
        return name in LOOPBACK and port in {"", str(site.port or DEFAULT_PORTS[site.scheme])}
    # A name without a dot is one inside a private network, as of a container: people don't use it.
    return name in LOOPBACK or "." in name
