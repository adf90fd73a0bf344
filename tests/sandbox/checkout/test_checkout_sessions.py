import pytest

from tests.sandbox.shop import NOW, SUCCESS_URL, VISA, error_of

HOUR = 3600


class TestCreate:
    def test_opens_a_page_for_a_subscription(self, shop):
        customer = shop.customer()

        session = shop.session(
            customer=customer,
            client_reference_id="user-1",
            metadata={"order": "7"},
            cancel_url="https://shop.example/plans",
        )

        assert session.status == "open"
        assert session.payment_status == "unpaid"
        assert session.url == f"http://127.0.0.1:8420/checkout/{session.id}"
        assert session.success_url == SUCCESS_URL
        assert session.cancel_url == "https://shop.example/plans"
        assert (session.amount_subtotal, session.amount_total, session.currency) == (1900, 1900, "usd")
        assert (session.customer, session.client_reference_id) == (customer, "user-1")
        assert session.metadata.to_dict() == {"order": "7"}
        assert session.created == NOW
        assert session.expires_at == NOW + 24 * HOUR
        assert session.customer_details.email == "ada@example.com"
        assert (session.subscription, session.invoice, session.payment_intent) == (None, None, None)
        assert session.ui_mode == "hosted_page"

    def test_opens_a_page_for_a_payment(self, shop):
        session = shop.session(shop.price(interval=None), mode="payment", customer_email="ada@example.com")

        assert (session.mode, session.customer, session.customer_email) == ("payment", None, "ada@example.com")
        assert session.customer_creation == "if_required"
        assert session.payment_method_collection == "if_required"
        assert session.payment_intent is None

    def test_creates_no_other_object_before_payment(self, shop):
        price, customer = shop.price(), shop.customer()
        shop.forget_events()

        shop.session(price, customer=customer)

        assert shop.api.subscriptions.list({"status": "all"}).data == []
        assert shop.api.invoices.list().data == []
        assert shop.api.payment_intents.list().data == []
        assert shop.new_types() == []

    def test_adds_up_several_lines(self, shop):
        lines = [
            {"price": shop.price(500, interval=None), "quantity": 3},
            {"price": shop.price(250, interval=None), "quantity": 2},
        ]

        session = shop.api.checkout.sessions.create(
            {"mode": "payment", "success_url": SUCCESS_URL, "line_items": lines, "expand": ["line_items"]}
        )

        assert session.amount_total == 2000
        assert [item.amount_total for item in session.line_items.data] == [1500, 500]

    def test_makes_an_archived_price_from_price_data(self, shop):
        data = {"currency": "eur", "unit_amount": 700, "product_data": {"name": "Book"}}

        session = shop.api.checkout.sessions.create(
            {
                "mode": "payment",
                "success_url": SUCCESS_URL,
                "line_items": [{"price_data": data, "quantity": 1}],
                "expand": ["line_items.data.price.product"],
            }
        )

        (line,) = session.line_items.data
        assert (line.description, line.price.active, line.price.product.active) == ("Book", False, False)
        assert (session.amount_total, session.currency) == (700, "eur")

    @pytest.mark.parametrize("life", [30 * 60, 24 * HOUR])
    def test_expires_when_requested(self, shop, life):
        assert shop.session(expires_at=NOW + life).expires_at == NOW + life

    def test_keeps_line_items_for_expand_and_list(self, shop):
        session = shop.session()

        assert "line_items" not in session
        expanded = shop.api.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
        listed = shop.api.checkout.sessions.line_items.list(session.id)
        assert expanded.line_items.to_dict() == listed.to_dict()
        assert [(item.description, item.quantity, item.amount_total) for item in listed.data] == [("Pro", 1, 1900)]

    def test_pages_through_line_items(self, shop):
        session = shop.session(*(shop.price(100 + n, interval=None) for n in range(3)), mode="payment")
        whole = [item.id for item in shop.api.checkout.sessions.line_items.list(session.id)]

        first = shop.api.checkout.sessions.line_items.list(session.id, {"limit": 2})
        second = shop.api.checkout.sessions.line_items.list(session.id, {"starting_after": first.data[-1].id})
        back = shop.api.checkout.sessions.line_items.list(session.id, {"ending_before": whole[2], "limit": 1})

        assert ([item.id for item in first], first.has_more) == (whole[:2], True)
        assert ([item.id for item in second], second.has_more) == (whole[2:], False)
        assert ([item.id for item in back], back.has_more) == (whole[1:2], True)


class TestRetrieveAndList:
    def test_does_not_find_an_unknown_id(self, shop):
        error = error_of(shop.api.checkout.sessions.retrieve, "cs_test_none")

        assert (error.http_status, error.code, error.param) == (404, "resource_missing", "session")

    def test_lists_by_customer_status_subscription_and_payment(self, shop):
        ada, bob = shop.customer(), shop.customer(email="bob@example.com")
        book = shop.price(interval=None)
        paid = shop.pay(shop.session(customer=ada))
        bought = shop.pay(shop.session(book, mode="payment", customer=bob))
        still_open = shop.session(customer=ada)
        expired = shop.api.checkout.sessions.expire(shop.session(customer=bob).id)

        def listed(**filters):
            return [session.id for session in shop.api.checkout.sessions.list(filters)]

        assert listed() == [expired.id, still_open.id, bought.id, paid.id]
        assert listed(customer=ada) == [still_open.id, paid.id]
        assert listed(status="open") == [still_open.id]
        assert listed(status="complete") == [bought.id, paid.id]
        assert listed(status="expired") == [expired.id]
        assert listed(customer=bob, status="complete") == [bought.id]
        assert listed(subscription=paid.subscription) == [paid.id]
        assert listed(payment_intent=bought.payment_intent) == [bought.id]
        assert listed(customer_details={"email": "bob@example.com"}) == [expired.id, bought.id]

    def test_lists_by_time_of_creation(self, shop):
        first = shop.session()
        shop.advance(hours=1)
        second = shop.session()

        listed = shop.api.checkout.sessions.list({"created": {"gt": NOW}})

        assert [session.id for session in listed] == [second.id]
        assert [session.id for session in shop.api.checkout.sessions.list({"created": NOW})] == [first.id]


class TestExpire:
    def test_expires_an_open_session(self, shop):
        session = shop.session()
        shop.forget_events()

        expired = shop.api.checkout.sessions.expire(session.id)

        assert (expired.status, expired.url, expired.payment_status) == ("expired", None, "unpaid")
        assert shop.new_types() == ["checkout.session.expired"]

    @pytest.mark.parametrize("status", ["complete", "expired"])
    def test_refuses_a_complete_or_expired_session(self, shop, status):
        session = shop.session()
        if status == "complete":
            shop.pay(session)
        else:
            shop.api.checkout.sessions.expire(session.id)

        error = error_of(shop.api.checkout.sessions.expire, session.id)

        assert error.user_message == (
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {status}."
        )

    def test_happens_after_a_day(self, shop):
        session = shop.session()
        shop.forget_events()

        shop.move_to(session.expires_at - 1)
        assert shop.api.checkout.sessions.retrieve(session.id).status == "open"
        shop.advance(seconds=1)

        assert shop.api.checkout.sessions.retrieve(session.id).status == "expired"
        (event,) = shop.new_events()
        assert (event["type"], event["created"]) == ("checkout.session.expired", session.expires_at)
        assert event["request"] == {"id": None, "idempotency_key": None}

    def test_does_not_happen_to_a_paid_session(self, shop):
        session = shop.pay(shop.session(), card=VISA)

        shop.advance(days=2)

        assert shop.api.checkout.sessions.retrieve(session.id).status == "complete"
