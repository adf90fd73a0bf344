"""Django's sessions in the database; one that expires impossibly late, by a wrong clock, is ignored."""

from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from subscriptions import our_clock


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Any:
        session = super()._get_session_from_db()  # type: ignore[misc]
        longest = timedelta(seconds=self.get_session_cookie_age())
        if session and our_clock.is_impossible(session.expire_date, now=timezone.now(), at_most=longest):
            self._session_key = None
            return None
        return session
