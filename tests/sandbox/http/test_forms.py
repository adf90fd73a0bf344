import pytest
from stripe._encode import _api_encode

from sandbox.core.errors import ApiError
from sandbox.http.forms import MAX_DEPTH, MAX_PAIRS, decode


class TestDecode:
    def test_keeps_plain_pairs_as_they_are(self):
        assert decode([("name", "Pro"), ("active", "true"), ("description", "")]) == {
            "name": "Pro",
            "active": "true",
            "description": "",
        }

    def test_nests_brackets_at_every_level(self):
        pairs = [
            ("line_items[0][price_data][recurring][interval]", "month"),
            ("line_items[0][quantity]", "2"),
            ("line_items[1][price]", "price_1"),
        ]
        assert decode(pairs) == {
            "line_items": {
                "0": {"price_data": {"recurring": {"interval": "month"}}, "quantity": "2"},
                "1": {"price": "price_1"},
            }
        }

    def test_numbers_values_with_empty_brackets(self):
        assert decode([("expand[]", "customer"), ("expand[]", "items"), ("created[gte]", "5")]) == {
            "expand": {"0": "customer", "1": "items"},
            "created": {"gte": "5"},
        }

    def test_begins_a_member_of_a_list_when_the_last_one_has_the_name(self):
        pairs = [("items[][price]", "a"), ("items[][quantity]", "2"), ("items[][price]", "b"), ("items[][price]", "c")]

        assert decode(pairs) == {
            "items": {"0": {"price": "a", "quantity": "2"}, "1": {"price": "b"}, "2": {"price": "c"}}
        }

    def test_keeps_nested_values_in_one_member_of_a_list(self):
        pairs = [
            ("items[][price_data][currency]", "usd"),
            ("items[][price_data][recurring][interval]", "month"),
            ("items[][tax_rates][]", "one"),
            ("items[][tax_rates][]", "two"),
            ("items[][price_data][currency]", "eur"),
        ]

        assert decode(pairs) == {
            "items": {
                "0": {
                    "price_data": {"currency": "usd", "recurring": {"interval": "month"}},
                    "tax_rates": {"0": "one", "1": "two"},
                },
                "1": {"price_data": {"currency": "eur"}},
            }
        }

    def test_takes_the_later_of_two_equal_keys(self):
        assert decode([("name", "first"), ("name", "second")]) == {"name": "second"}

    def test_decodes_forms_of_the_sdk(self):
        params = {
            "items": [{"price": "price_1", "quantity": 1}],
            "metadata": {"a": "b"},
            "expand": ["tax"],
        }
        pairs = [(str(key), str(value)) for key, value in _api_encode(params)]
        assert decode(pairs) == {
            "items": {"0": {"price": "price_1", "quantity": "1"}},
            "metadata": {"a": "b"},
            "expand": {"0": "tax"},
        }

    def test_accepts_nothing(self):
        assert decode([]) == {}


class TestRefusals:
    @pytest.mark.parametrize("key", ["", "[a]", "a[", "a]", "a[b", "a[b]c", "a[[b]]", "a[][]", "x" * 501])
    def test_a_malformed_key(self, key):
        with pytest.raises(ApiError) as refusal:
            decode([(key, "1")])
        assert refusal.value.status == 400
        assert refusal.value.message == f"Invalid request: malformed parameter name: {key[:500]}"

    def test_a_key_nested_too_deep(self):
        deepest = "a" + "[b]" * (MAX_DEPTH - 1)
        assert list(decode([(deepest, "1")])) == ["a"]
        with pytest.raises(ApiError, match="nested more than 12 levels"):
            decode([(deepest + "[c]", "1")])

    def test_too_many_pairs(self):
        pairs = [(f"metadata[{number}]", "x") for number in range(MAX_PAIRS)]
        assert len(decode(pairs)["metadata"]) == MAX_PAIRS
        with pytest.raises(ApiError, match="more than 5000 parameters"):
            decode([*pairs, ("one", "more")])

    @pytest.mark.parametrize(
        "keys", [("a", "a[b]"), ("a[b]", "a"), ("a[b]", "a[b][c]"), ("a[b][c]", "a[b]"), ("a", "a[]")]
    )
    def test_one_name_as_value_and_as_object(self, keys):
        with pytest.raises(ApiError, match="both as a value and as an object") as refusal:
            decode([(key, "1") for key in keys])
        assert refusal.value.param == keys[1]
