import sqlite3
from contextlib import suppress
from dataclasses import replace

import pytest

from sandbox.core.account import Account, difference
from sandbox.core.clock import Clock
from sandbox.core.errors import ApiError
from sandbox.core.kinds import KINDS
from sandbox.core.store import Store, UnreadableState, due
from sandbox.core.visibility import public
from sandbox.events import recording


def thing(object_id, *, kind="price", created=100, **members):
    return {"object": kind, "id": object_id, "created": created, **members}


@pytest.fixture
def store():
    return Store()


def ids(objects):
    return [each["id"] for each in objects]


class TestObjects:
    def test_are_copies(self, store):
        store.put(thing("a", product="p"))

        store.get("price", "a")["product"] = "other"

        assert store.get("price", "a")["product"] == "p"

    def test_refuse_a_change_within_a_member(self, store):
        store.put(thing("a", metadata={"a": "1"}))

        store.get("price", "a")["metadata"]["a"] = "2"

        with pytest.raises(AssertionError, match="In a price, metadata was changed in place"):
            store.get("price", "a")

    def test_are_ordered_by_their_second_then_as_they_came(self, store):
        for object_id, created in (("a", 100), ("b", 300), ("c", 100), ("d", 200)):
            store.put(thing(object_id, created=created))

        assert ids(store.scan("price")) == ["b", "d", "c", "a"]
        assert ids(store.scan("price", oldest_first=True)) == ["a", "c", "d", "b"]

    def test_keep_their_place_when_overwritten(self, store):
        for object_id in "abc":
            store.put(thing(object_id))

        store.put(thing("a", product="p"))

        assert ids(store.scan("price")) == ["c", "b", "a"]

    def test_share_ids_between_kinds(self, store):
        store.put(thing("gold", kind="product"))
        store.put(thing("gold", kind="price"))

        assert store.counts() == {"price": 1, "product": 1}

    def test_take_the_next_free_slot(self, store):
        for object_id in "abc":
            store.put(thing(object_id), slot=5)

        assert ids(store.scan("price")) == ["c", "b", "a"]


class TestLinks:
    def test_follow_their_object(self, store):
        store.put(thing("a", product="p"))
        store.put(thing("b", product="q"))
        store.put(thing("a", product="q"))

        assert ids(store.scan("price", index=("product", "p"))) == []
        assert ids(store.scan("price", index=("product", "q"))) == ["b", "a"]

    def test_end_with_it(self, store):
        store.put(thing("a", product="p"))

        store.delete("price", "a")

        assert ids(store.scan("price", index=("product", "p"))) == []
        assert store.get("price", "a") == {"id": "a", "object": "price", "deleted": True}

    def test_go_through_lists_and_embedded_objects(self, store):
        items = {"data": [{"price": {"id": "p"}}, {"price": "q"}]}
        store.put(thing("s", kind="subscription", items=items))

        for price in "pq":
            assert ids(store.scan("subscription", index=("price", price))) == ["s"]


class TestSeveralIndexes:
    @pytest.fixture
    def store(self, store):
        for object_id, product, lookup_key in (("a", "p", "x"), ("b", "p", "y"), ("c", "q", "x"), ("d", "p", "x")):
            store.put(thing(object_id, product=product, lookup_key=lookup_key))
        return store

    def test_must_all_match(self, store):
        assert ids(store.scan("price", index={"product": "p", "lookup_key": "x"})) == ["d", "a"]
        assert ids(store.scan("price", index={"product": "q", "lookup_key": "y"})) == []

    def test_can_have_any_of_several_values_in_order(self, store):
        assert ids(store.scan("price", index={"product": {"p", "q"}})) == ["d", "c", "b", "a"]
        assert ids(store.scan("price", index={"product": ["q", "p"]}, oldest_first=True)) == ["a", "b", "c", "d"]

    def test_keep_to_the_cursors(self, store):
        assert ids(store.scan("price", index={"product": "p", "lookup_key": "x"}, after="d")) == ["a"]
        assert ids(store.scan("price", index={"product": "p"}, before="a", after="d")) == ["b"]

    def test_are_counted(self, store):
        assert store.count("price", ("product", "p")) == 3
        assert store.count("price", ("product", "none")) == 0

    def test_are_filled_when_the_table_of_kinds_gets_a_new_one(self, tmp_path, monkeypatch):
        with monkeypatch.context() as earlier:
            earlier.setitem(KINDS, "price", replace(KINDS["price"], indexed={}))
            first = Store(tmp_path / "state.sqlite3")
            first.put(thing("a", product="p"))
            first.close()

        assert ids(Store(tmp_path / "state.sqlite3").scan("price", index=("product", "p"))) == ["a"]


def event(object_id, *, created=100, content=None, pending=0):
    subject = content or {"object": "price", "id": "p", "created": 1}
    members = {"type": "price.updated", "data": {"object": subject}, "pending_webhooks": pending}
    return thing(object_id, kind="event", created=created, **members)


class TestEvents:
    def test_of_one_object_are_read_as_they_were_written(self, store):
        contents = [
            {"object": "price", "id": "p", "active": True, "nickname": None, "metadata": {"a": "1"}},
            {"object": "price", "id": "p", "active": False, "nickname": None, "metadata": {"a": "1"}},
            {"object": "product", "id": "p", "name": "Pro"},
            {"object": "price", "id": "p", "active": False, "metadata": {}, "product": "q"},
        ]
        written = [event(f"e{number}", content=content) for number, content in enumerate(contents)]
        with store.savepoint():
            for each in written:
                store.put(each)

        assert list(store.scan("event", oldest_first=True)) == written
        assert [store.get("event", each["id"]) for each in written] == written

    def test_are_found_by_the_place_in_their_ids(self, tmp_path):
        store = Store(tmp_path / "state.sqlite3")
        object_id = store.new_id("event", 100)
        store.add({**event(object_id), "created": 100})
        store.close()

        reopened = Store(tmp_path / "state.sqlite3")

        assert reopened.get("event", object_id)["id"] == object_id
        assert reopened.get("event", f"{object_id[:-1]}{'x' if object_id[-1] != 'x' else 'y'}") is None
        assert reopened.get("event", "evt_1NG8Du2eZvKYlo2CUI79vXWy") is None
        reopened.close()

    def test_can_change_later(self, store):
        with store.savepoint():
            store.put(event("a", pending=2))
            store.put(event("b", pending=2))
        store.put(event("a", pending=1))
        store.put(event("a", pending=0))

        assert list(store.scan("event")) == [event("b", pending=2), event("a", pending=0)]
        assert ids(store.scan("event", index=("undelivered", "true"))) == ["b"]

    def test_are_dropped_without_a_trace(self, store):
        for object_id, created in (("old", 100), ("older", 99), ("new", 101)):
            store.put(event(object_id, created=created))

        store.drop_before("event", 101)

        assert ids(store.scan("event")) == ["new"]
        assert ids(store.scan("event", index=("type", "price.updated"))) == ["new"]
        assert store.get("event", "old") is None
        assert store.counts() == {"event": 1}


class TestDue:
    def test_comes_in_the_order_of_time(self, store):
        store.set_due("price", "late", 30)
        store.set_due("price", "early", 10)
        store.set_due("price", "late", 20)

        assert store.next_due(9) is None
        assert store.next_due(99) == (10, "price", "early")
        store.clear_due("price", "early")
        assert store.next_due(99) == (20, "price", "late")

    @pytest.mark.parametrize("batch", [1, 2, 3, 100])
    def test_comes_in_order_from_memory_and_file(self, store, monkeypatch, batch):
        monkeypatch.setattr(due, "BATCH", batch)
        for object_id, at in (("a", 10), ("b", 20), ("c", 20), ("d", 30), ("e", 40)):
            store.set_due("price", object_id, at)
        found = []
        with store.savepoint():
            while following := store.next_due(99):
                found.append(following[2])
                store.clear_due("price", following[2])
                if following[2] == "a":
                    store.set_due("price", "e", 15)
                    store.set_due("price", "f", 20)
                    store.set_due("price", "d", 35)

        assert found == ["a", "e", "b", "c", "f", "d"]
        assert store.next_due(99) is None

    def test_is_as_before_when_undone(self, store):
        store.set_due("price", "a", 10)
        with suppress(LookupError), store.savepoint():
            assert store.next_due(99) == (10, "price", "a")
            store.set_due("price", "a", 50)
            store.set_due("price", "b", 5)
            raise LookupError

        assert store.next_due(99) == (10, "price", "a")

    def test_ends_with_the_object(self, store):
        store.put(thing("a"))
        store.set_due("price", "a", 10)

        store.delete("price", "a")

        assert store.next_due(99) is None


class TestFile:
    def test_is_found_again(self, tmp_path):
        first = Store(tmp_path / "state.sqlite3")
        with first.savepoint():
            first.put(thing("a", product="p"))
            first.save_setting("clock_offset", 7)
        first.close()

        assert [path.name for path in tmp_path.iterdir()] == ["state.sqlite3"]
        second = Store(tmp_path / "state.sqlite3")
        assert second.get("price", "a") == thing("a", product="p")
        assert ids(second.scan("price", index=("product", "p"))) == ["a"]
        assert second.setting("clock_offset") == 7

    def test_of_another_version_is_refused(self, tmp_path):
        path = tmp_path / "state.sqlite3"
        with sqlite3.connect(path) as old:
            old.execute("CREATE TABLE objects (kind TEXT, id TEXT)")
        old.close()

        with pytest.raises(UnreadableState, match=r"state\.sqlite3 has format 1, and this sandbox reads format 2"):
            Store(path)

    def test_stays_small(self, tmp_path):
        store = Store(tmp_path / "state.sqlite3")
        long_text = {f"member_{number}": "the same in all" for number in range(100)}
        with store.savepoint():
            for number in range(1000):
                store.put(thing(f"price_{number}", created=number, product="p", **long_text))
        store.close()

        assert (tmp_path / "state.sqlite3").stat().st_size < 300_000
        assert Store(tmp_path / "state.sqlite3").get("price", "price_500")["member_7"] == "the same in all"


def write_and_fail(account, block, error):
    with block():
        account.store.put(thing("written"))
        account.move_to(2000)
        raise error


class TestAttempt:
    @pytest.fixture
    def account(self, store):
        return Account(store, Clock(real=lambda: 1000), record=recording.record)

    @pytest.mark.parametrize("error", [ApiError.invalid("no"), KeyboardInterrupt()])
    def test_is_undone_when_refused_or_cut_off(self, account, error):
        with pytest.raises(type(error)):
            write_and_fail(account, account.transaction, error)

        assert account.store.get("price", "written") is None
        assert account.clock.now() == 1000

    def test_stays_when_a_card_was_refused(self, account):
        with pytest.raises(ApiError):
            write_and_fail(account, account.transaction, ApiError.card("Declined.", code="card_declined"))

        assert account.store.get("price", "written") == thing("written")
        assert account.clock.now() == 2000

    def test_an_inner_one_is_undone_alone(self, account):
        with account.transaction():
            account.store.put(thing("outer"))
            with pytest.raises(ApiError):
                write_and_fail(account, account.attempt, ApiError.invalid("no"))

        assert ids(account.store.scan("price")) == ["outer"]


class TestSavepoint:
    def test_undoes_objects_read_back_and_compressed_after_it(self, store):
        store.put(thing("a", product="p"))
        with suppress(KeyboardInterrupt), store.savepoint():
            store.put(thing("a", product="q"))
            store.put(thing("b", kind="product", name="n" * 500))
            assert ids(store.scan("price", index=("product", "q"))) == ["a"]
            raise KeyboardInterrupt
        store.put(thing("c", kind="product", name="n" * 500))

        assert store.get("price", "a") == thing("a", product="p")
        assert ids(store.scan("price", index=("product", "p"))) == ["a"]
        assert ids(store.scan("product")) == ["c"]
        assert store.counts() == {"price": 1, "product": 1}


class TestClock:
    def test_runs_with_real_time_and_never_back(self):
        now = [1000.9]
        clock = Clock(real=lambda: now[0])

        clock.move_to(5000)
        clock.move_to(3000)
        assert clock.now() == 5000
        now[0] += 10
        assert clock.now() == 5010


class TestPublic:
    def test_leaves_out_private_and_expand_only_members(self):
        invoice = {
            "object": "invoice",
            "_note": 1,
            "payments": [],
            "lines": [{"_x": 1, "id": "il"}],
            "metadata": {"_": "1"},
        }

        assert public(invoice) == {"object": "invoice", "lines": [{"id": "il"}], "metadata": {"_": "1"}}


class TestDifference:
    def test_names_the_old_values_of_changed_members(self):
        before = {"a": 1, "same": 2, "nested": {"x": 1, "y": 2}, "list": [1], "gone": 3}
        after = {"a": 5, "same": 2, "nested": {"x": 9, "y": 2, "z": 3}, "list": [1, 2], "new": 4}

        assert difference(before, after) == {
            "a": 1,
            "nested": {"x": 1, "z": None},
            "list": [1],
            "gone": 3,
            "new": None,
        }
