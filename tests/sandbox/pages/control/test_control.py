import pytest
import stripe

from tests.sandbox.pages.conftest import NOW
from tests.sandbox.pages.page_text import text_of
from tests.wording import starting

DAY = 86_400
MONTH_LATER = NOW + 31 * DAY


@pytest.fixture
def endpoint(api):
    return api.webhook_endpoints.create({"url": "https://shop.example/hook", "enabled_events": ["*"]})


def done(browser, action, **form):
    """Send one of the page's forms; return the page after the redirect."""
    answer = browser.post(f"/control/{action}", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/?done={action}")
    return browser.get(answer.headers["Location"])


class TestThePage:
    def test_of_an_empty_sandbox_says_how_to_start(self, browser):
        page = browser.get("/")
        assert page.status_code == 200
        assert "<script" not in page.text
        words = text_of(page)
        assert f"API version {stripe.api_version} ." in words
        assert "Every API key that begins with sk_test_ or rk_test_ works." in words
        assert "Friday, January 15, 2027 08:00:00 UTC Same as real time." in words
        assert "Set the API base of a Stripe SDK to this address and create a product." in words
        assert "There were no API calls yet." in words
        assert "No webhook endpoint is registered." in words

    def test_lists_objects_events_and_endpoints(self, api, browser, endpoint):
        product = api.products.create({"name": "Pro"})
        page = browser.get("/")
        assert '<a href="/objects/product">product</a></td><td class="number">1</td>' in page.text
        assert f'<a href="/objects/product/{product.id}"><code>{product.id}</code></a>' in page.text
        assert f'<a href="/objects/webhook_endpoint/{endpoint.id}">https://shop.example/hook</a>' in page.text
        assert "<code>POST /v1/products</code>" in page.text
        assert "product.created" in page.text

    def test_shows_contract_violations(self, sandbox, browser):
        sandbox.account.violations.append("invoice.paid: not a field of Invoice")
        assert "invoice.paid: not a field of Invoice" in text_of(browser.get("/"))

    def test_shows_only_its_own_confirmations(self, browser):
        assert "role=" not in browser.get("/?done=<b>nonsense</b>").text.partition("<main>")[2].partition("Clock")[0]


class TestClock:
    @pytest.mark.parametrize(
        ("form", "moment"),
        [
            ({"step": "1 day"}, NOW + DAY),
            ({"step": "1 month"}, MONTH_LATER),
            ({"count": "3", "unit": "week"}, NOW + 21 * DAY),
            ({"count": "2", "unit": "hour"}, NOW + 7200),
        ],
    )
    def test_moves_ahead(self, sandbox, browser, form, moment):
        page = done(browser, "clock", **form)
        assert sandbox.account.clock.now() == moment
        assert "The clock was moved, and everything due until then was carried out." in text_of(page)

    def test_says_how_far_ahead_it_is(self, browser):
        assert "1 day ahead of real time." in text_of(done(browser, "clock", step="1 day"))
        page = done(browser, "clock", count="2", unit="hour")
        assert "1 day and 2 hours ahead of real time." in text_of(page)

    def test_carries_out_what_is_due(self, api, browser):
        product = api.products.create({"name": "Pro"})
        price = api.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1900})
        session = api.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": [{"price": price.id, "quantity": 1}],
                "success_url": "https://shop.example/",
            }
        )
        done(browser, "clock", step="1 day")
        assert api.checkout.sessions.retrieve(session.id).status == "expired"

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"step": "1"},
            {"step": "1 century"},
            {"count": "0", "unit": "day"},
            {"count": "1000", "unit": "day"},
            {"count": "-1", "unit": "day"},
            {"count": "9" * 5000, "unit": "day"},
            {"count": "999", "unit": "year"},
        ],
    )
    def test_refuses_invalid_values(self, sandbox, browser, form):
        page = browser.post("/control/clock", data=form)
        assert page.status_code == 400
        assert 'role="alert"' in page.text
        assert sandbox.account.clock.now() == NOW


class TestWebhooks:
    def test_are_held_and_released(self, api, browser, endpoint, posted):
        page = done(browser, "webhooks", mode="hold", duplicate="0")
        assert 'value="hold" checked' in page.text
        api.products.create({"name": "Pro"})
        assert posted == []
        page = browser.get("/")
        assert "Send 1 held delivery" in page.text
        assert "0 waiting, 1 held." in page.text
        done(browser, "release")
        assert [url for url, _, _ in posted] == ["https://shop.example/hook"]
        assert "No deliveries are waiting or held." in browser.get("/").text

    def test_are_duplicated(self, api, browser, endpoint, posted):
        done(browser, "webhooks", mode="deliver", duplicate="2")
        api.products.create({"name": "Pro"})
        assert len(posted) == 3

    def test_are_shuffled_until_switched_off(self, browser):
        page = done(browser, "webhooks", mode="deliver", duplicate="0", shuffle="on")
        assert 'name="shuffle" checked' in page.text
        assert 'name="shuffle" checked' not in done(browser, "webhooks", mode="deliver", duplicate="0").text

    @pytest.mark.parametrize(
        "form",
        [{"mode": "lose", "duplicate": "0"}, {"mode": "hold", "duplicate": "11"}, {"mode": "hold", "duplicate": "x"}],
    )
    def test_refuse_invalid_values(self, browser, form):
        page = browser.post("/control/webhooks", data=form)
        assert page.status_code == 400
        assert 'role="alert"' in page.text
        assert 'value="deliver" checked' in page.text


class TestFaults:
    def test_fail_the_next_calls(self, api, browser):
        page = done(browser, "faults", status="429", count="1", path="/v1/products")
        assert "Next 1 call to /v1/products : 429 rate limit" in text_of(page)
        api.customers.create({})
        with pytest.raises(stripe.RateLimitError):
            api.products.create({"name": "Pro"})
        assert api.products.create({"name": "Pro"}).name == "Pro"

    def test_can_fail_after_the_call_was_carried_out(self, browser):
        page = done(browser, "faults", status="timeout", count="2", path="/v1/", after="on")
        assert "Next 2 calls to /v1/ : no answer, after the call was carried out" in text_of(page)

    def test_can_be_removed(self, api, browser):
        done(browser, "faults", status="500", count="5", path="/v1/")
        assert "Next 5" not in text_of(done(browser, "clear-faults"))
        assert api.products.create({"name": "Pro"}).name == "Pro"

    @pytest.mark.parametrize("form", [{}, {"status": "418", "count": "1"}, {"status": "500", "count": "many"}])
    def test_refuses_invalid_values(self, sandbox, browser, form):
        assert browser.post("/control/faults", data=form).status_code == 400
        assert sandbox.faults.shown() == []


class TestReset:
    def test_deletes_everything(self, api, browser):
        api.products.create({"name": "Pro"})
        page = done(browser, "reset", sure="on")
        assert "The sandbox was reset." in text_of(page)
        assert api.products.list().data == []

    def test_needs_the_confirmation_box(self, api, browser):
        api.products.create({"name": "Pro"})
        assert browser.post("/control/reset").status_code == 400
        assert len(api.products.list().data) == 1


class TestWhoMayAct:
    def test_not_a_form_of_another_site(self, api, browser):
        api.products.create({"name": "Pro"})
        answer = browser.post("/control/reset", data={"sure": "on"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert len(api.products.list().data) == 1

    def test_an_unknown_action_is_not_found(self, browser):
        assert browser.post("/control/explode").status_code == 404

    def test_an_action_is_not_a_page(self, browser):
        assert browser.get("/control/reset").status_code == 405


@pytest.fixture
def subscribed(api, make_price):
    """A subscription with a discount."""
    customer = api.customers.create({"email": "ada@example.com"})
    method = api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    coupon = api.coupons.create({"percent_off": 10, "duration": "forever"})
    return api.subscriptions.create(
        {
            "customer": customer.id,
            "default_payment_method": method.id,
            "items": [{"price": make_price(recurring={"interval": "month"})}],
            "discounts": [{"coupon": coupon.id}],
        }
    )


class TestObjects:
    def test_are_listed_with_a_description(self, api, browser):
        product = api.products.create({"name": "Pro & Co"})
        page = browser.get("/objects/product")
        assert f'<a href="/objects/product/{product.id}"><code>{product.id}</code></a>' in page.text
        assert "Pro & Co Jan 15, 2027, 08:00:00" in text_of(page)

    def test_link_to_other_objects(self, api, browser):
        product = api.products.create({"name": "<script>"})
        price = api.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1900})
        page = browser.get(f"/objects/price/{price.id}")
        assert f'&#34;product&#34;: &#34;<a href="/objects/product/{product.id}">{product.id}</a>&#34;' in page.text
        assert "&lt;script&gt;" in browser.get(f"/objects/product/{product.id}").text

    def test_hide_secrets(self, browser, endpoint):
        page = browser.get(f"/objects/webhook_endpoint/{endpoint.id}")
        assert page.status_code == 200
        assert endpoint.secret == starting("whsec_")
        assert endpoint.secret not in page.text

    def test_show_that_they_are_deleted(self, api, browser):
        customer = api.customers.create({})
        api.customers.delete(customer.id)
        assert "&#34;deleted&#34;: true" in browser.get(f"/objects/customer/{customer.id}").text

    def test_list_only_the_latest_hundred(self, api, browser):
        for number in range(101):
            api.customers.create({"name": f"Customer {number}"})
        page = browser.get("/objects/customer")
        assert "Only the latest 100 are shown." in page.text
        assert "Customer 100" in page.text
        assert "Customer 0 " not in text_of(page)

    @pytest.mark.parametrize(
        "address", ["/objects/product", "/objects/nonsense", "/objects/_delivery", "/objects/product/prod_none"]
    )
    def test_of_an_unknown_kind_or_id_are_not_found(self, browser, address):
        assert browser.get(address).status_code == 404
