"""Creating objects at Stripe once, also if an answer was lost or was a 500 that took effect.

A request to create an object is kept in a row until its outcome is known. If the same form, or a new one, asks for
the same again, the object is first looked for at Stripe by the request's id in its metadata. Keys alone are not
enough: Stripe replays a stored 500, and forgets a key after a day (https://docs.stripe.com/api/idempotent_requests).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from billing import gateway
from billing.errors import StripeUnavailable
from billing.models import KeptRequest

if TYPE_CHECKING:
    from billing.gateway import Page
    from billing.gateway.snapshots import Snapshot

# The metadata key at Stripe that has the id of the request that created the object. This name must never change.
REQUEST = "standing_order_request"

# The length of the column `about`; longer texts are cut.
MAX_ABOUT = 255

# `about` begins with this if a form has shown the outcome of the request; the form's id follows.
TOLD = "told "

# After this time without a repeat, a request is no longer looked for at Stripe. The next request deletes it.
KEPT_FOR = timedelta(days=7)

# The clocks here and at Stripe may differ by less than this.
CLOCKS_DIFFER = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Creation:
    """One object to create: `send` sends the parameters and key, `listed` lists the objects of its kind, newest first.

    `key` makes the idempotency key. `is_usable` says whether an object that was found is still what was asked for: it
    may have been archived since. `mark` is the metadata key that has the request's id.
    """

    send: "Callable[[Any, str], Snapshot]"
    key: Callable[[str], str]
    listed: "Callable[[], Iterable[Page]]"
    is_usable: Callable[[Mapping[str, Any]], bool] = lambda _: True
    mark: str = REQUEST


@contextmanager
def open_request(
    action: str, subject: Any, *, request_id: str, about: str = "", params: Any = None
) -> "Iterator[OpenRequest]":
    """Keep a request while its objects are created and mirrored; two with an equal `subject` are the same request.

    It stays open if the block fails and it may be done all the same, wholly or in part; the next one then continues
    with the first one's `request_id` and `params`. `about` finds the open requests of an object.
    """
    pk = hashlib.sha256(json.dumps([action, subject], sort_keys=True).encode()).hexdigest()
    now = timezone.now()
    KeptRequest.objects.filter(asked_at__lt=now - KEPT_FOR).delete()
    # Kept while our clock was ahead. Search as far back as for any request, and keep it for one more day at most.
    wrong = KeptRequest.objects.filter(pk=pk, asked_at__gt=now + CLOCKS_DIFFER)
    wrong.update(asked_at=now - KEPT_FOR + CLOCKS_DIFFER)
    columns = {"request_id": request_id, "params": json.dumps(params), "about": about, "asked_at": now}
    row, is_new = KeptRequest.objects.get_or_create(pk=pk, defaults=columns)
    opened = OpenRequest(row, is_repeat=not is_new, own_id=request_id)
    with gateway.noting_writes() as writes:
        try:
            yield opened
        except Exception:
            if not (writes.may_be_done or opened.is_repeat):
                opened.close()
            raise
    opened.close()


def about(*subjects: str) -> list[KeptRequest]:
    """Return the open requests about these objects."""
    return list(_still_kept().filter(about__in=subjects).order_by("asked_at"))


def about_any(prefix: str) -> list[KeptRequest]:
    """Return the open requests whose `about` begins with this."""
    return list(_still_kept().filter(about__startswith=prefix).order_by("asked_at"))


def _still_kept() -> QuerySet[KeptRequest]:
    return KeptRequest.objects.filter(asked_at__gte=timezone.now() - KEPT_FOR)


class OpenRequest:
    """A request whose outcome is not known yet. `is_repeat` if it was sent before, and may have been carried out."""

    def __init__(self, row: KeptRequest, *, is_repeat: bool, own_id: str) -> None:
        self._row = row
        self.own_id = own_id
        self.is_repeat = is_repeat

    @property
    def request_id(self) -> str:
        return self._row.request_id

    @property
    def params(self) -> Any:
        return json.loads(self._row.params)

    def create(self, creation: Creation, params: Any) -> "Snapshot":
        """Create the object, or return the one that an earlier try has created.

        Raises StripeUnavailable, StripeRefused or StripeMisconfigured.
        """
        if self.is_repeat and (made := list(self._made(creation))):
            # A form that was corrected and sent again may have created several.
            if usable := next((each for each in made if creation.is_usable(each.object)), None):
                return usable
            self._begin_anew()
        try:
            return creation.send(self._marked(params, creation.mark), self._key(creation))
        except StripeUnavailable as error:
            if error.answered_500:
                # It may have taken effect: the next try looks for that first.
                self._next_attempt()
            raise

    def asked_otherwise(self, creation: Creation) -> "list[tuple[OpenRequest, Snapshot]]":
        """Return the other open requests by the same form or about the same object, with what each has created.

        Those of the same form have its id in common, so that what this request has created is among it.
        """
        found = []
        for row in _still_kept().filter(self._is_same_form_or_object()).exclude(pk=self._row.pk):
            other = OpenRequest(row, is_repeat=True, own_id=self.own_id)
            found += [(other, made) for made in other._made(creation)]
        return found

    def close_others_about(self) -> None:
        KeptRequest.objects.filter(about=self._row.about).exclude(pk=self._row.pk).delete()

    def note_told(self, form_id: str) -> None:
        """Note that this form has shown the object that this request has created.

        If the form is sent again, it shows the object again. A page that is opened later lists it anyway.
        """
        KeptRequest.objects.filter(pk=self._row.pk).update(about=f"{TOLD}{form_id}")

    def _is_same_form_or_object(self) -> Q:
        same = Q(request_id=self.own_id) | Q(about=f"{TOLD}{self.own_id}")
        if self._row.about:
            same |= Q(about=self._row.about)
        return same

    def close(self) -> None:
        KeptRequest.objects.filter(pk=self._row.pk, request_id=self.request_id).delete()

    def _made(self, creation: Creation) -> "Iterator[Snapshot]":
        """Look at Stripe for what this request has created.

        Not by a search, which shows new objects a minute late (https://docs.stripe.com/search#data-freshness).
        """
        oldest = (self._row.asked_at - CLOCKS_DIFFER).timestamp()
        for page in creation.listed():
            for snapshot in page.snapshots():
                if (snapshot.object.get("metadata") or {}).get(creation.mark) == self.request_id:
                    yield snapshot
            if page.positions and page.positions[-1]["created"] < oldest:
                break

    def _marked(self, params: Any, mark: str) -> Any:
        return {**params, "metadata": {**(params.get("metadata") or {}), mark: self.request_id}}

    def _key(self, creation: Creation) -> str:
        key = creation.key(self.request_id)
        return f"{key}-{self._row.attempt}" if self._row.attempt else key

    def _begin_anew(self) -> None:
        """Forget the earlier try: the object that it created was changed or archived since."""
        self._row.request_id = self.own_id
        self._row.attempt = 0
        KeptRequest.objects.filter(pk=self._row.pk).update(request_id=self.own_id, attempt=0)

    def _next_attempt(self) -> None:
        """Use another key from now on: Stripe replays a stored 500."""
        rows = KeptRequest.objects.filter(pk=self._row.pk, attempt=self._row.attempt)
        self._row.attempt += 1
        rows.update(attempt=self._row.attempt)
