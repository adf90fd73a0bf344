import pytest
import stripe

from tests.sandbox.conftest import NOW


@pytest.fixture
def crowd(api):
    """250 customers of one second, oldest first."""
    return [api.customers.create({"name": f"{number}"}).id for number in range(250)]


def names(page):
    return [customer.name for customer in page.data]


class TestPaging:
    def test_goes_from_the_newest_to_the_oldest(self, api, crowd):
        walked = [customer.id for customer in api.customers.list({"limit": 100}).auto_paging_iter()]

        assert walked == crowd[::-1]

    def test_goes_backwards_from_a_cursor(self, api, crowd):
        walked = api.customers.list({"limit": 100, "ending_before": crowd[0]}).auto_paging_iter()

        assert [customer.id for customer in walked] == crowd[1:]

    def test_shows_ten_and_tells_that_there_are_more(self, api, crowd):
        page = api.customers.list()

        assert names(page) == [f"{number}" for number in range(249, 239, -1)]
        assert (page.has_more, page.url) == (True, "/v1/customers")

    def test_tells_that_a_full_page_is_the_last(self, api, crowd):
        page = api.customers.list({"limit": 5, "starting_after": crowd[5]})

        assert names(page) == ["4", "3", "2", "1", "0"]
        assert page.has_more is False

    def test_a_page_before_a_cursor_is_newest_first_too(self, api, crowd):
        page = api.customers.list({"limit": 3, "ending_before": crowd[10]})

        assert names(page) == ["13", "12", "11"]
        assert page.has_more is True

    def test_continues_after_one_that_was_deleted_meanwhile(self, api, crowd):
        api.customers.delete(crowd[5])

        assert names(api.customers.list({"limit": 2, "starting_after": crowd[5]})) == ["4", "3"]

    def test_new_ones_do_not_shift_a_walk(self, api, crowd):
        first = api.customers.list({"limit": 100})
        api.customers.create({"name": "late"})

        second = api.customers.list({"limit": 100, "starting_after": first.data[-1].id})

        assert second.data[0].name == "149"

    @pytest.mark.parametrize(
        ("params", "param", "code"),
        [
            ({"limit": 0}, "limit", "parameter_invalid_integer"),
            ({"limit": 101}, "limit", "parameter_invalid_integer"),
            ({"limit": "many"}, "limit", "parameter_invalid_integer"),
            ({"starting_after": "cus_no"}, "starting_after", "resource_missing"),
            ({"ending_before": "cus_no"}, "ending_before", "resource_missing"),
            ({"created": "yesterday"}, "created", "parameter_invalid_integer"),
        ],
    )
    def test_refuses_nonsense(self, api, params, param, code):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.customers.list(params)

        assert (refused.value.http_status, refused.value.param, refused.value.code) == (400, param, code)

    def test_refuses_two_cursors(self, api):
        customer = api.customers.create().id

        with pytest.raises(stripe.InvalidRequestError, match="cannot specify both"):
            api.customers.list({"starting_after": customer, "ending_before": customer})


class TestCreated:
    @pytest.fixture
    def seconds(self, api, control):
        """Five customers, one per second, named by the seconds since the first."""
        for later in range(5):
            control("clock", to=NOW + later)
            api.customers.create({"name": f"{later}"})

    @pytest.mark.parametrize(
        ("created", "found"),
        [
            (NOW + 2, ["2"]),
            ({"gt": NOW + 2}, ["4", "3"]),
            ({"gte": NOW + 2}, ["4", "3", "2"]),
            ({"lt": NOW + 2}, ["1", "0"]),
            ({"lte": NOW + 2}, ["2", "1", "0"]),
            ({"gte": NOW + 1, "lt": NOW + 3}, ["2", "1"]),
            ({"gt": NOW + 1, "gte": NOW + 3}, ["4", "3"]),
            ({"gte": -1}, ["4", "3", "2", "1", "0"]),
            ({"lt": 0}, []),
            ({"gte": 10**17}, []),
            ({"lt": 10**17}, ["4", "3", "2", "1", "0"]),
        ],
    )
    def test_takes_a_second_or_a_range(self, api, seconds, created, found):
        assert names(api.customers.list({"created": created})) == found

    def test_goes_together_with_a_cursor(self, api, seconds):
        newest = api.customers.list({"limit": 1}).data[0].id

        page = api.customers.list({"created": {"gte": NOW + 2}, "starting_after": newest})

        assert names(page) == ["3", "2"]
