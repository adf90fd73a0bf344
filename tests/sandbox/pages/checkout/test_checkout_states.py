import re

import pytest

from tests.sandbox.pages.conftest import NOW
from tests.sandbox.pages.page_text import text_of, value_of
from tests.sandbox.pages.typed_fields import SECURE, TYPED, path


class Test3DSecure:
    def asked(self, browser, session):
        page = browser.post(path(session), data=SECURE)
        assert page.status_code == 200
        assert "Complete authentication" in page.text
        assert "Fail authentication" in page.text
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))

    def test_asks_before_anything_is_paid(self, api, browser, open_session):
        session = open_session()
        assert self.asked(browser, session) == SECURE
        assert api.checkout.sessions.retrieve(session.id).status == "open"

    def test_completed_pays(self, api, browser, open_session):
        session = open_session()
        kept = self.asked(browser, session)
        answer = browser.post(path(session), data=kept | {"authentication": "complete"})
        assert answer.status_code == 303
        assert api.checkout.sessions.retrieve(session.id).payment_status == "paid"

    def test_failed_goes_back_to_the_form(self, api, browser, open_session):
        session = open_session()
        kept = self.asked(browser, session)
        page = browser.post(path(session), data=kept | {"authentication": "fail"})
        assert page.status_code == 402
        assert "We are unable to authenticate your payment method." in page.text
        assert value_of(page, "name") == "Ada Lovelace"
        assert api.checkout.sessions.retrieve(session.id).status == "open"


class TestClosedSessions:
    def test_say_that_they_are_paid(self, browser, open_session):
        session = open_session()
        browser.post(path(session), data=TYPED)
        page = browser.get(path(session))
        assert page.status_code == 200
        assert "Already paid" in text_of(page)
        assert f'href="https://shop.example/thanks?session={session.id}"' in page.text

    def test_are_not_paid_twice(self, api, browser, open_session):
        session = open_session()
        browser.post(path(session), data=TYPED)
        assert "Already paid" in browser.post(path(session), data=TYPED).text
        assert len(api.subscriptions.list({"status": "all"}).data) == 1

    def test_say_that_they_have_expired(self, api, browser, open_session):
        session = open_session()
        api.checkout.sessions.expire(session.id)
        page = browser.get(path(session))
        assert "This checkout has expired" in text_of(page)
        assert 'href="https://shop.example/plans"' in page.text
        assert "This checkout has expired" in browser.post(path(session), data=TYPED).text
        assert api.subscriptions.list({"status": "all"}).data == []

    def test_expire_by_themselves(self, sandbox, browser, open_session):
        session = open_session()
        sandbox.account.clock.move_to(NOW + 86_400)
        assert "This checkout has expired" in text_of(browser.get(path(session)))

    def test_with_an_unknown_id_are_not_found(self, browser):
        for answer in (browser.get("/checkout/cs_test_none"), browser.post("/checkout/cs_test_none", data=TYPED)):
            assert answer.status_code == 404
            assert "There is no such checkout session." in answer.text


class TestOtherAddresses:
    @pytest.mark.parametrize("address", ["/checkout/", "/checkout/a/b", "/nothing", "/static/../app.py"])
    def test_are_not_found(self, browser, address):
        page = browser.get(address)
        assert page.status_code == 404
        assert "Page not found" in page.text

    def test_refuse_another_method(self, browser, open_session):
        answer = browser.delete(path(open_session()))
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
