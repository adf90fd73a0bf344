import pytest

from tests.sandbox.shop import VISA, error_of, ids


@pytest.fixture
def make_link(shop):
    """Create a payment link for a price; by default 19.00 USD a month."""

    def make(price=None, **choices):
        lines = [{"price": price or shop.price(), "quantity": 1}]
        return shop.api.payment_links.create({"line_items": lines, **choices})

    return make


@pytest.fixture
def visit(shop):
    """Open the link in a browser, and return the session that it leads to."""

    def open_link(link, query=""):
        answer = shop.programs.get(f"/buy/{link.id}{query}")
        assert answer.status_code == 303
        return shop.api.checkout.sessions.retrieve(answer.headers["Location"].rpartition("/")[2])

    return open_link


class TestLink:
    def test_is_created_with_an_event(self, shop, make_link):
        link = make_link(metadata={"campaign": "spring"})

        assert (link.active, link.currency, link.customer_creation) == (True, "usd", "always")
        assert link.url == f"http://127.0.0.1:8420/buy/{link.id}"
        assert link.after_completion.type == "hosted_confirmation"
        assert shop.events()[-1]["type"] == "payment_link.created"

    def test_lists_its_line_items(self, shop, make_link):
        price = shop.price()
        link = make_link(price)
        [line] = shop.api.payment_links.line_items.list(link.id).data
        assert (line.price.id, line.quantity, line.amount_total) == (price, 1, 1900)
        expanded = shop.api.payment_links.retrieve(link.id, {"expand": ["line_items"]})
        assert ids(expanded.line_items.data) == [line.id]

    def test_is_updated_with_an_event(self, shop, make_link):
        link = make_link()
        line = shop.api.payment_links.line_items.list(link.id).data[0].id

        changed = shop.api.payment_links.update(
            link.id, {"active": False, "inactive_message": "Sold out", "line_items": [{"id": line, "quantity": 3}]}
        )

        assert (changed.active, changed.inactive_message) == (False, "Sold out")
        assert shop.api.payment_links.line_items.list(link.id).data[0].amount_total == 5700
        event = shop.events()[-1]
        assert event["type"] == "payment_link.updated"
        assert event["data"]["previous_attributes"] == {"active": True, "inactive_message": None}

    def test_is_listed(self, shop, make_link):
        first, second = make_link(), make_link()
        shop.api.payment_links.update(first.id, {"active": False})
        assert ids(shop.api.payment_links.list().data) == [second.id, first.id]
        assert ids(shop.api.payment_links.list({"active": True}).data) == [second.id]

    @pytest.mark.parametrize(
        ("choices", "param"),
        [
            ({"transfer_data": {"destination": "acct_1"}}, "transfer_data"),
            ({"automatic_tax": {"enabled": True}}, "automatic_tax[enabled]"),
            ({"payment_intent_data": {"description": "x"}}, "payment_intent_data"),
            ({"restrictions": {"completed_sessions": {"limit": 0}}}, "restrictions[completed_sessions][limit]"),
            ({"currency": "eur"}, "currency"),
            (
                {"subscription_data": {"invoice_settings": {"issuer": {"type": "self"}}}},
                "subscription_data[invoice_settings]",
            ),
            (
                {"invoice_creation": {"enabled": True, "invoice_data": {"footer": "x"}}},
                "invoice_creation[invoice_data]",
            ),
        ],
    )
    def test_is_refused(self, make_link, choices, param):
        assert error_of(make_link, **choices).param == param


class TestVisit:
    def test_opens_a_checkout(self, shop, make_link, visit):
        link = make_link(metadata={"campaign": "spring"}, subscription_data={"metadata": {"from": "link"}})

        session = visit(link)

        assert (session.status, session.mode, session.payment_link) == ("open", "subscription", link.id)
        assert session.metadata.to_dict() == {"campaign": "spring"}
        assert (session.customer, session.success_url, session.amount_total) == (None, None, 1900)
        assert ids(shop.api.checkout.sessions.list({"payment_link": link.id}).data) == [session.id]

    def test_sells_to_a_new_customer(self, shop, make_link, visit):
        session = visit(make_link(subscription_data={"metadata": {"from": "link"}}))

        paid = shop.pay(session, email="eve@example.com", name="Eve")

        assert shop.api.customers.retrieve(paid.customer).email == "eve@example.com"
        subscription = shop.subscription(paid.subscription)
        assert (subscription.status, subscription.metadata.to_dict()) == ("active", {"from": "link"})

    def test_takes_the_reference_from_the_address(self, make_link, visit):
        session = visit(make_link(), "?client_reference_id=user-1&locked_prefilled_email=ada@example.com")
        assert (session.client_reference_id, session.customer_email) == ("user-1", "ada@example.com")

    def test_can_be_made_by_control(self, shop, make_link):
        opened = shop.control(f"links/{make_link().id}/open", client_reference_id="user-1")
        assert (opened["object"], opened["client_reference_id"]) == ("checkout.session", "user-1")

    def test_asks_what_the_link_asks(self, shop, make_link, visit):
        field = {"key": "size", "label": {"type": "custom", "custom": "Size"}, "type": "text"}
        link = make_link(
            custom_fields=[field],
            phone_number_collection={"enabled": True},
            consent_collection={"terms_of_service": "required"},
        )

        paid = shop.pay(visit(link), custom_fields={"size": "L"}, phone="12345", terms_of_service=True)

        assert (paid.custom_fields[0].text.value, paid.customer_details.phone) == ("L", "12345")

    def test_ends_at_the_sellers_page(self, shop, make_link, visit):
        redirect = {"type": "redirect", "redirect": {"url": "https://shop.example/thanks?s={CHECKOUT_SESSION_ID}"}}
        session = visit(make_link(after_completion=redirect))

        answer = shop.programs.post(
            f"/checkout/{session.id}",
            data={"email": "eve@example.com", "number": VISA, "expiry": "12/34", "cvc": "123", "name": "Eve"},
        )

        assert answer.headers["Location"] == f"https://shop.example/thanks?s={session.id}"

    def test_ends_at_a_confirmation(self, shop, make_link, visit):
        message = {"hosted_confirmation": {"custom_message": "See you soon"}, "type": "hosted_confirmation"}
        session = visit(make_link(shop.price(interval=None), after_completion=message))

        answer = shop.programs.post(
            f"/checkout/{session.id}",
            data={"email": "eve@example.com", "number": VISA, "expiry": "12/34", "cvc": "123", "name": "Eve"},
        )

        assert answer.status_code == 200
        assert "See you soon" in answer.text

    def test_stops_at_the_limit(self, shop, make_link, visit):
        link = make_link(restrictions={"completed_sessions": {"limit": 1}}, inactive_message="All places are taken.")
        shop.pay(visit(link))

        after = shop.api.payment_links.retrieve(link.id)

        assert (after.active, after.restrictions.completed_sessions.count) == (False, 1)
        answer = shop.programs.get(f"/buy/{link.id}")
        assert answer.status_code == 400
        assert "All places are taken." in answer.text

    def test_of_an_unknown_link_is_not_found(self, shop):
        assert shop.programs.get("/buy/plink_none").status_code == 404
