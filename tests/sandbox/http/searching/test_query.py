import pytest

from sandbox.core.errors import ApiError
from sandbox.http.searching import query

ADA = {
    "created": 100,
    "email": "Ada@example.com",
    "metadata": {"plan": "Pro", 'a "quoted" key': "x", "empty": ""},
    "name": 'Ada "the first" Lovelace',
    "object": "customer",
    "phone": None,
}
SUBSCRIPTION = {"canceled_at": None, "created": 100, "metadata": {}, "object": "subscription", "status": "active"}


class TestParse:
    @pytest.mark.parametrize(
        "text",
        [
            'email:"ada@example.com"',
            "email:'ADA@EXAMPLE.COM'",
            'name~"love"',
            'name~"\\"the first\\""',
            "phone:null",
            'metadata["plan"]:"pro"',
            "metadata['plan']:'Pro'",
            'metadata["a \\"quoted\\" key"]:"x"',
            'metadata["none"]:null',
            '-metadata["plan"]:null',
            '-metadata["plan"]:"Basic"',
            "created:100",
            "created:'100'",
            "created>99 created<101",
            "created>=100 AND created<=100",
            'name:"nobody" OR email~"ADA@"',
            "  created=100  ",
        ],
    )
    def test_finds(self, text):
        assert query.parse("customer", text)(ADA)

    @pytest.mark.parametrize(
        "text",
        [
            'email:"ada@example"',
            'email~"grace"',
            '-email:"ada@example.com"',
            'metadata["plan"]:"Basic"',
            'metadata["plan"]:null',
            '-metadata["none"]:null',
            'phone:"1234"',
            "created>100",
            "created<100",
            'created>99 AND name:"nobody"',
            'name:"nobody" OR created<100',
        ],
    )
    def test_does_not_find(self, text):
        assert not query.parse("customer", text)(ADA)

    def test_a_missing_number_is_neither_more_nor_less(self):
        assert not query.parse("subscription", "canceled_at>0")(SUBSCRIPTION)
        assert not query.parse("subscription", "canceled_at<5000")(SUBSCRIPTION)
        assert query.parse("subscription", "canceled_at:null AND -status:'canceled'")(SUBSCRIPTION)


class TestRefusals:
    @pytest.mark.parametrize(
        "text",
        ["", "ada", "email", 'email"a"', 'email:"a', "email:'a' AND", "email:'a'name:'b'", "(email:'a')", "email:"],
    )
    def test_of_what_is_no_query(self, text):
        with pytest.raises(ApiError) as refusal:
            query.parse("customer", text)

        assert refusal.value.message.startswith("We were unable to parse your search query.")
        assert (refusal.value.status, refusal.value.param) == (400, "query")

    def test_of_an_unknown_field(self):
        with pytest.raises(ApiError) as refusal:
            query.parse("payment_intent", "colour:'red'")

        assert refusal.value.message == (
            "Field `colour` is an unsupported search field for resource `payment_intents`. See "
            "http://stripe.com/docs/search#query-fields-for-payment-intents for a list of supported fields."
        )

    @pytest.mark.parametrize(
        "text", ["created~'100'", "created>abc", "email>'a'", "email:ada", "metadata['a']~'abc'", "created>null"]
    )
    def test_of_an_operator_that_does_not_fit(self, text):
        with pytest.raises(ApiError, match="does not support"):
            query.parse("customer", text)

    def test_of_a_part_that_is_too_short(self):
        with pytest.raises(ApiError, match="at least 3 characters: ad"):
            query.parse("customer", "name~'ad'")

    def test_of_both_joints(self):
        with pytest.raises(ApiError, match="can't combine AND and OR"):
            query.parse("customer", "created>1 AND created>2 OR created>3")

    def test_of_more_than_ten_clauses(self):
        query.parse("customer", " ".join(["created>1"] * 10))
        with pytest.raises(ApiError, match="at most 10 clauses"):
            query.parse("customer", " ".join(["created>1"] * 11))
