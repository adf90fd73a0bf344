"""Objects of a transaction that is still open: they are found like written ones, and read as they are now."""

from contextlib import suppress

import pytest

from sandbox.catalog import shapes
from sandbox.core.account import Account
from sandbox.core.clock import Clock
from sandbox.core.store import Store
from sandbox.core.visibility import public
from sandbox.events import recording
from tests.sandbox.core.test_store import event, ids, thing


def product():
    members = {"active": True, "kind": "service", "shippable": None, "metadata": {"a": "1"}}
    return {**shapes.product(product_id="prod_1", created=1000, **members), "name": "Pro"}


@pytest.fixture
def store():
    """A store with the written prices a, c and e of product p."""
    store = Store()
    for object_id, created in (("a", 100), ("c", 300), ("e", 500)):
        store.put(thing(object_id, created=created, product="p"))
    return store


class TestFinding:
    def test_puts_new_objects_in_their_place(self, store):
        with store.savepoint():
            store.put(thing("b", created=200, product="p"))
            store.put(thing("d", created=400, product="p"))
            store.put(thing("x", created=450, product="other"))

            assert ids(store.scan("price", index=("product", "p"))) == ["e", "d", "c", "b", "a"]
            assert ids(store.scan("price", index=("product", "p"), oldest_first=True)) == ["a", "b", "c", "d", "e"]
            assert ids(store.scan("price", index=("product", "p"), after="d")) == ["c", "b", "a"]
            assert ids(store.scan("price", index=("product", "p"), created=(200, 400))) == ["d", "c", "b"]

    def test_goes_by_the_present_value(self, store):
        with store.savepoint():
            store.put(thing("c", created=300, product="q", nickname="now"))
            store.put(thing("e", created=500, product="p", nickname="now"))

            assert ids(store.scan("price", index=("product", "p"))) == ["e", "a"]
            assert [each["nickname"] for each in store.scan("price", index=("product", "q"))] == ["now"]
            assert next(store.scan("price", index=("product", "p")))["nickname"] == "now"

        assert ids(store.scan("price", index=("product", "p"))) == ["e", "a"]
        assert ids(store.scan("price", index=("product", "q"))) == ["c"]

    def test_asks_for_all_wanted_values(self, store):
        with store.savepoint():
            store.put(thing("b", created=200, product="p", lookup_key="k"))
            store.put(thing("c", created=300, product="p", lookup_key="k"))
            store.put(thing("d", created=400, product="p", lookup_key="other"))

            found = store.scan("price", index={"product": ["p", "q"], "lookup_key": "k"})

            assert ids(found) == ["c", "b"]

    def test_forgets_what_was_undone(self, store):
        with suppress(LookupError), store.savepoint():
            store.put(thing("b", created=200, product="p"))
            store.put(thing("c", created=300, product="q"))
            raise LookupError

        assert ids(store.scan("price", index=("product", "p"))) == ["e", "c", "a"]
        assert ids(store.scan("price", index=("product", "q"))) == []

    def test_goes_on_when_there_are_many(self, store):
        with store.savepoint():
            for number in range(2500):
                store.put(thing(f"n{number}", created=600 + number, product="p"))

            assert ids(store.scan("price", index=("product", "p")))[-4:] == ["n0", "e", "c", "a"]
        assert store.count("price", ("product", "p")) == 2503


class TestNewEvents:
    def test_can_be_read_and_changed_before_they_are_written(self, store):
        with store.savepoint():
            store.add(event("evt_1", content=thing("a", product="p")))
            store.add(event("evt_2", content=thing("a", product="q")))
            second = store.get("event", "evt_2")
            store.put({**second, "pending_webhooks": 3})
            store.add(event("evt_3", content=thing("a", product="q")))

        assert [each["id"] for each in store.scan("event")] == ["evt_3", "evt_2", "evt_1"]
        assert [each["data"]["object"]["product"] for each in store.scan("event")] == ["q", "q", "p"]
        assert [each["pending_webhooks"] for each in store.scan("event")] == [0, 3, 0]

    def test_are_undone(self, store):
        with suppress(LookupError), store.savepoint():
            store.add(event("evt_1", content=thing("a")))
            raise LookupError
        store.add(event("evt_2", content=thing("a")))

        assert ids(store.scan("event")) == ["evt_2"]
        assert store.get("event", "evt_1") is None


class TestFew:
    def test_are_those_of_now(self, store):
        kind = "webhook_endpoint"
        assert store.few(kind) == []
        with suppress(LookupError), store.savepoint():
            store.put(thing("we_1", kind=kind))
            assert ids(store.few(kind)) == ["we_1"]
            raise LookupError
        assert store.few(kind) == []
        store.put(thing("we_2", kind=kind))
        assert ids(store.few(kind)) == ["we_2"]
        store.delete(kind, "we_2")
        assert store.few(kind) == []
        store.put(thing("we_3", kind=kind))
        store.clear()
        assert store.few(kind) == []


class TestText:
    @pytest.mark.parametrize("value", ["half a pair: \ud83d", 2**70, "\N{EURO SIGN}", -(2**63)])
    def test_of_any_kind_is_found_again(self, tmp_path, value):
        store = Store(tmp_path / "state.sqlite3")
        store.put(thing("a", nickname=value))
        store.add(event("evt_1", content=thing("a", nickname=value)))
        assert store.get("price", "a")["nickname"] == value
        store.close()

        reopened = Store(tmp_path / "state.sqlite3")

        assert reopened.get("price", "a")["nickname"] == value
        assert next(reopened.scan("price"))["nickname"] == value
        assert next(reopened.scan("event"))["data"]["object"]["nickname"] == value
        reopened.close()


class TestEventsOfOneObject:
    @pytest.fixture
    def account(self, store):
        return Account(store, Clock(real=lambda: 1000), record=recording.record)

    def test_show_its_state_at_each(self, account):
        obj = product()
        with account.transaction():
            account.add(obj, event="product.created")
            account.change(obj, {"metadata": {"a": "2"}, "_note": 1}, event="product.updated")
            account.change(obj, {"name": "Gold", "_note": 2}, event="product.updated")

        shown = [public(each)["data"]["object"] for each in account.store.scan("event", oldest_first=True)]

        assert [each["metadata"] for each in shown] == [{"a": "1"}, {"a": "2"}, {"a": "2"}]
        assert [each["name"] for each in shown] == ["Pro", "Pro", "Gold"]
        assert not any("_note" in each for each in shown)

    def test_refuse_a_change_that_they_would_not_show(self, account):
        with pytest.raises(AssertionError, match="changed in place"):
            self.change_in_place(account)

        assert list(account.store.scan("event")) == []

    def change_in_place(self, account):
        obj = product()
        with account.transaction():
            account.add(obj, event="product.created")
            obj["metadata"]["a"] = "2"
            account.change(obj, {"name": "Gold"}, event="product.updated")


class TestSettings:
    def test_stay_when_objects_are_dropped(self, store):
        store.put(thing("old", kind="charge", created=1))
        with store.savepoint():
            store.save_setting("balance", 1900)
            store.drop_before("charge", 100)

            assert store.setting("balance") == 1900
        assert store.setting("balance") == 1900

    def test_are_undone_alone_in_an_inner_savepoint(self, store):
        with store.savepoint():
            store.save_setting("balance", 1900)
            with suppress(LookupError), store.savepoint():
                store.save_setting("balance", 0)
                raise LookupError

            assert store.setting("balance") == 1900

    def test_are_found_again(self, tmp_path):
        store = Store(tmp_path / "state.sqlite3")
        store.save_setting("one", 1)
        with store.savepoint():
            store.save_setting("two", 2)
        store.close()

        reopened = Store(tmp_path / "state.sqlite3")

        assert (reopened.setting("one"), reopened.setting("two")) == (1, 2)
        reopened.close()
