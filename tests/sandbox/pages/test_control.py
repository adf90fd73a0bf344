import pytest
import stripe

from tests.sandbox.pages.conftest import NOW
from tests.sandbox.pages.reading import text_of

DAY = 86_400
MONTH_LATER = NOW + 31 * DAY


@pytest.fixture
def endpoint(api):
    return api.webhook_endpoints.create({"url": "https://shop.example/hook", "enabled_events": ["*"]})


def done(browser, action, **form):
    """Use one of the page's forms; return the page that the browser is led to."""
    answer = browser.post(f"/control/{action}", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/?done={action}")
    return browser.get(answer.headers["Location"])


class TestThePage:
    def test_of_an_empty_sandbox_says_how_to_begin(self, browser):
        page = browser.get("/")
        assert page.status_code == 200
        assert "<script" not in page.text
        words = text_of(page)
        assert f"API version {stripe.api_version} ; any key" in words
        assert "Friday, January 15, 2027 08:00:00 UTC This is the real time." in words
        assert "Point an SDK's API base at this address and create a product." in words
        assert "Nobody has called." in words
        assert "No endpoint is registered" in words

    def test_shows_what_there_is(self, api, browser, endpoint):
        product = api.products.create({"name": "Pro"})
        page = browser.get("/")
        assert '<a href="/objects/product">product</a></td><td class="number">1</td>' in page.text
        assert f'<a href="/objects/product/{product.id}"><code>{product.id}</code></a>' in page.text
        assert f'<a href="/objects/webhook_endpoint/{endpoint.id}">https://shop.example/hook</a>' in page.text
        assert "<code>POST /v1/products</code>" in page.text
        assert "product.created" in page.text

    def test_shows_breaches_of_the_contract(self, sandbox, browser):
        sandbox.account.violations.append("invoice.paid: not a field of Invoice")
        assert "invoice.paid: not a field of Invoice" in text_of(browser.get("/"))

    def test_repeats_no_message_but_its_own(self, browser):
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
        assert "The clock was moved, and what fell due has happened." in text_of(page)

    def test_says_how_far_ahead_it_is(self, browser):
        assert "1 day ahead of real time." in text_of(done(browser, "clock", step="1 day"))
        page = done(browser, "clock", count="2", unit="hour")
        assert "1 day and 2 hours ahead of real time." in text_of(page)

    def test_lets_happen_what_falls_due(self, api, browser):
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
    def test_refuses_nonsense(self, sandbox, browser, form):
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
        assert "Release 1 held" in page.text
        assert "0 waiting, 1 held." in page.text
        done(browser, "release")
        assert [url for url, _, _ in posted] == ["https://shop.example/hook"]
        assert "None waiting, none held." in browser.get("/").text

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
    def test_refuse_nonsense(self, browser, form):
        page = browser.post("/control/webhooks", data=form)
        assert page.status_code == 400
        assert 'role="alert"' in page.text
        assert 'value="deliver" checked' in page.text


class TestTrouble:
    def test_strikes_the_next_calls(self, api, browser):
        page = done(browser, "faults", status="429", count="1", path="/v1/products")
        assert "Next 1 to /v1/products : 429 rate limit" in text_of(page)
        api.customers.create({})
        with pytest.raises(stripe.RateLimitError):
            api.products.create({"name": "Pro"})
        assert api.products.create({"name": "Pro"}).name == "Pro"

    def test_can_strike_after_the_fact(self, browser):
        page = done(browser, "faults", status="timeout", count="2", path="/v1/", after="on")
        assert "Next 2 to /v1/ : no answer, after taking effect" in text_of(page)

    def test_can_be_called_off(self, api, browser):
        done(browser, "faults", status="500", count="5", path="/v1/")
        assert "Next 5" not in text_of(done(browser, "clear-faults"))
        assert api.products.create({"name": "Pro"}).name == "Pro"

    @pytest.mark.parametrize("form", [{}, {"status": "418", "count": "1"}, {"status": "500", "count": "many"}])
    def test_refuses_nonsense(self, sandbox, browser, form):
        assert browser.post("/control/faults", data=form).status_code == 400
        assert sandbox.faults.shown() == []


class TestReset:
    def test_forgets_everything(self, api, browser):
        api.products.create({"name": "Pro"})
        page = done(browser, "reset", sure="on")
        assert "Everything is forgotten." in text_of(page)
        assert api.products.list().data == []

    def test_wants_to_be_sure(self, api, browser):
        api.products.create({"name": "Pro"})
        assert browser.post("/control/reset").status_code == 400
        assert len(api.products.list().data) == 1


class TestWhoMayAct:
    def test_another_site_s_form_may_not(self, api, browser):
        api.products.create({"name": "Pro"})
        answer = browser.post("/control/reset", data={"sure": "on"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert len(api.products.list().data) == 1

    def test_an_unknown_action_is_not_found(self, browser):
        assert browser.post("/control/explode").status_code == 404

    def test_an_action_is_not_a_page(self, browser):
        assert browser.get("/control/reset").status_code == 405


@pytest.fixture
def subscribed(api, price):
    """A subscription with a discount."""
    customer = api.customers.create({"email": "ada@example.com"})
    method = api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    coupon = api.coupons.create({"percent_off": 10, "duration": "forever"})
    return api.subscriptions.create(
        {
            "customer": customer.id,
            "default_payment_method": method.id,
            "items": [{"price": price(recurring={"interval": "month"})}],
            "discounts": [{"coupon": coupon.id}],
        }
    )


class TestObjects:
    def test_are_listed_with_what_they_are(self, api, browser):
        product = api.products.create({"name": "Pro & Co"})
        page = browser.get("/objects/product")
        assert f'<a href="/objects/product/{product.id}"><code>{product.id}</code></a>' in page.text
        assert "Pro & Co Jan 15, 2027, 08:00:00" in text_of(page)

    def test_lead_to_the_objects_they_name(self, api, browser):
        product = api.products.create({"name": "<script>"})
        price = api.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1900})
        page = browser.get(f"/objects/price/{price.id}")
        assert f'&#34;product&#34;: &#34;<a href="/objects/product/{product.id}">{product.id}</a>&#34;' in page.text
        assert "&lt;script&gt;" in browser.get(f"/objects/product/{product.id}").text

    def test_are_listed_by_the_time_they_start_where_they_have_no_time_of_creation(self, api, browser, subscribed):
        discount = subscribed.discounts[0]
        page = browser.get("/objects/discount")
        assert f'<a href="/objects/discount/{discount}"><code>{discount}</code></a>' in page.text
        assert "Jan 15, 2027, 08:00:00" in text_of(page)

    def test_lead_to_a_kind_whose_prefix_begins_with_that_of_another(self, api, browser, subscribed):
        schedule = api.subscription_schedules.create({"from_subscription": subscribed.id})
        page = browser.get(f"/objects/subscription/{subscribed.id}")
        assert f'<a href="/objects/subscription_schedule/{schedule.id}">{schedule.id}</a>' in page.text

    def test_keep_their_secrets(self, browser, endpoint):
        page = browser.get(f"/objects/webhook_endpoint/{endpoint.id}")
        assert page.status_code == 200
        assert endpoint.secret.startswith("whsec_")
        assert endpoint.secret not in page.text

    def test_show_that_they_are_deleted(self, api, browser):
        customer = api.customers.create({})
        api.customers.delete(customer.id)
        assert "&#34;deleted&#34;: true" in browser.get(f"/objects/customer/{customer.id}").text

    def test_are_cut_to_the_latest_hundred(self, api, browser):
        for number in range(101):
            api.customers.create({"name": f"Customer {number}"})
        page = browser.get("/objects/customer")
        assert "Only the latest 100 are shown." in page.text
        assert "Customer 100" in page.text
        assert "Customer 0 " not in text_of(page)

    @pytest.mark.parametrize(
        "address", ["/objects/product", "/objects/nonsense", "/objects/_delivery", "/objects/product/prod_none"]
    )
    def test_that_do_not_exist_are_not_found(self, browser, address):
        assert browser.get(address).status_code == 404
