"""A long move of the clock: other requests are answered meanwhile, and a restart goes on with it."""

from threading import Event, Thread

import pytest
from werkzeug.test import Client

from sandbox import clock_effects, local_stripe
from sandbox.app import Sandbox
from tests.sandbox.conftest import NOW
from tests.sandbox.shop import Shop

DAY = 86400
DAYS = 40


class Stopped(BaseException):
    """Ends a move as the end of its process would."""


@pytest.fixture(autouse=True)
def one_action_a_slice(monkeypatch):
    monkeypatch.setattr(local_stripe, "SLICE_SECONDS", 0)


def opened(path):
    return Sandbox(path, real_time=lambda: NOW)


def clock_of(sandbox):
    return Client(sandbox).get("/_sandbox/state").get_json()["clock"]


def with_three_subscriptions(sandbox):
    shop = Shop(sandbox)
    for _ in range(3):
        shop.subscribed(customer=shop.customer())
    return shop


class TestMove:
    def test_answers_other_requests_meanwhile(self, monkeypatch):
        sandbox = opened(None)
        shop = with_three_subscriptions(sandbox)
        begun, advance = Event(), clock_effects.DUE["subscription"]

        def act(account, subscription):
            begun.set()
            return advance(account, subscription)

        monkeypatch.setitem(clock_effects.DUE, "subscription", act)
        moving = Thread(target=shop.advance, kwargs={"days": DAYS})
        moving.start()
        assert begun.wait(30)
        seen = clock_of(sandbox)
        moving.join()

        assert seen["target"] == NOW + DAYS * DAY
        assert NOW < seen["now"] < NOW + DAYS * DAY
        reached = {"now": NOW + DAYS * DAY, "offset": DAYS * DAY, "target": None}
        assert clock_of(sandbox) == reached
        assert sandbox.violations == []

    def test_goes_on_at_the_next_start(self, monkeypatch, tmp_path):
        sandbox = opened(tmp_path / "state.sqlite3")
        with_three_subscriptions(sandbox)
        done, advance = [], clock_effects.DUE["subscription"]

        def act(account, subscription):
            if len(done) == 4:  # Three announcements and a renewal.
                raise Stopped
            done.append(subscription["id"])
            return advance(account, subscription)

        with monkeypatch.context() as stopped:
            stopped.setitem(clock_effects.DUE, "subscription", act)
            with pytest.raises(Stopped):
                sandbox.move_in_slices(NOW + DAYS * DAY)
        assert sandbox.account.store.counts()["invoice"] == 4
        assert clock_of(sandbox)["target"] == NOW + DAYS * DAY
        sandbox.close()

        again = Shop(opened(tmp_path / "state.sqlite3"))
        assert again.now == NOW + DAYS * DAY
        assert [len(again.invoices(each)) for each in again.api.subscriptions.list().data] == [2, 2, 2]
