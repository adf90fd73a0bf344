import pytest
from stripe._object_classes import OBJECT_CLASSES, get_object_class

from sandbox import api, clock_effects
from sandbox.core.kinds import KINDS
from sandbox.core.store import Store
from sandbox.http import contract
from sandbox.http.contract import shapes
from sandbox.http.expansion import PROVIDERS

OF_STRIPE = [kind for kind in KINDS.values() if not kind.name.startswith("_")]
LISTED = [kind for kind in OF_STRIPE if kind.list_url]


def by_name(kind):
    return kind.name


class TestKinds:
    @pytest.mark.parametrize("kind", OF_STRIPE, ids=by_name)
    def test_is_an_object_of_stripe(self, kind):
        assert kind.name in OBJECT_CLASSES

    @pytest.mark.parametrize("kind", LISTED, ids=by_name)
    def test_is_listed_at_a_url_of_stripe_that_the_sandbox_answers(self, kind):
        assert contract.operation("GET", kind.list_url)
        assert ("GET", kind.list_url) in {(method, rule) for method, rule, _ in api.routes()}

    @pytest.mark.parametrize("kind", OF_STRIPE, ids=by_name)
    def test_hides_only_fields_that_stripe_has(self, kind):
        assert kind.expand_only <= shapes.fields(get_object_class("V1", kind.name)).keys()

    def test_computes_only_expand_only_members(self):
        assert [(kind, name) for kind, name in PROVIDERS if name not in KINDS[kind].expand_only] == []

    def test_is_due_only_if_it_is_stored(self):
        assert [kind for kind in clock_effects.DUE if not KINDS[kind].is_stored] == []

    def test_prefixes_are_unique(self):
        prefixes = [kind.prefix for kind in KINDS.values() if kind.prefix]

        assert sorted(prefixes) == sorted(set(prefixes))

    def test_the_store_refuses_an_object_without_a_row(self):
        store = Store()

        with pytest.raises(KeyError, match="payout"):
            store.put({"object": "payout", "id": "po_1", "created": 1})

        assert store.counts() == {}
