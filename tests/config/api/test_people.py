"""Who is which customer, and what they have."""

import re

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from billing.models import Price
from subscriptions.customers import api_users
from subscriptions.models import BillingAccount, CheckoutSession, Customer, Subscription
from subscriptions.people import account_claims
from tests.config.api.conftest import Program, program_of, refused
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.sync.test_threads import at_once

pytestmark = pytest.mark.django_db

PASSWORD = "blue-heron-42"
ZOE = {"user_name": "zoe", "email": "zoe@example.com"}


class TestCreatecustomer:
    def test_of_the_caller(self, ada: Program, local_stripe: LocalStripe) -> None:
        first, second = ada.post("createcustomer"), ada.post("createcustomer", user_name="ada")
        customer_id = Customer.objects.get().pk
        assert (first.status_code, second.status_code) == (201, 200)
        expected = {"customer_id": customer_id, "user_name": "ada", "email": "ada@example.com"}
        assert first.json() == second.json() == expected
        assert local_stripe.calls == ["POST /v1/customers"]

    def test_with_another_address_keeps_the_known_one(self, ada: Program, backend: Program, person: User) -> None:
        for program in (ada, backend):
            answer = program.post("createcustomer", user_name="ada", email="other@example.com")
            assert answer.json()["email"] == "ada@example.com"
        person.refresh_from_db()
        assert (person.email, Customer.objects.get().email) == ("ada@example.com", "ada@example.com")

    def test_of_somebody_who_is_not_here(self, backend: Program, local_stripe: LocalStripe) -> None:
        answer = backend.post("createcustomer", **ZOE)
        zoe = User.objects.get(username="zoe")
        assert (answer.status_code, answer.json()) == (
            201,
            {"customer_id": BillingAccount.objects.get(user=zoe).customer_id, **ZOE},
        )
        assert (zoe.email, zoe.has_usable_password(), zoe.is_staff) == ("zoe@example.com", False, False)
        assert backend.post("createcustomer", user_name="zoe").json() == answer.json()
        assert len(local_stripe.api.customers.list().data) == 1

    def test_of_somebody_with_an_address_that_another_has(self, backend: Program, person: User) -> None:
        answer = backend.post("createcustomer", user_name="zoe", email="ADA@example.com")
        refused(answer, 409, "email_taken")
        assert not User.objects.filter(username="zoe").exists()

    @pytest.mark.parametrize("name", ["ADA", "Ada", "\uff21da"])
    def test_of_a_name_that_another_has_in_other_case(self, backend: Program, person: User, name: str) -> None:
        """As sign-up refuses it."""
        answer = backend.post("createcustomer", user_name=name, email="other@example.com")
        refused(answer, 409, "user_name_taken")
        assert (User.objects.filter(email="other@example.com").exists(), Customer.objects.count()) == (False, 0)

    def test_finds_a_name_however_it_is_written(self, backend: Program) -> None:
        backend.post("createcustomer", **ZOE)
        assert backend.post("createcustomer", **{**ZOE, "user_name": "\uff5aoe"}).status_code == 200
        assert User.objects.filter(username="zoe").count() == 1

    @pytest.mark.parametrize(
        ("sent", "name"), [("m\u00b2", "m2"), ("zo\u00eb", "zo\u00eb"), ("m+2@x.y_z-1", "m+2@x.y_z-1")]
    )
    def test_takes_the_names_that_sign_up_takes(self, backend: Program, sent: str, name: str) -> None:
        answer = backend.post("createcustomer", user_name=sent, email="m@example.com")
        assert (answer.status_code, answer.json()["user_name"]) == (201, name)

    @pytest.mark.parametrize("name", ["q\u0301", "a b", "a\n", "\u00bd", ""])
    def test_refuses_the_names_that_sign_up_refuses(self, backend: Program, name: str) -> None:
        answer = backend.post("createcustomer", user_name=name, email="m@example.com")
        assert refused(answer, 422, "bad_input")["fields"].keys() == {"user_name"}
        assert not User.objects.filter(email="m@example.com").exists()

    @pytest.mark.parametrize(
        ("name", "address"), [("ZOE", "other@example.com"), ("other", "ZOE@example.com"), ("zoe", "zoe@example.com")]
    )
    def test_while_somebody_signs_up_as_this_person(
        self, backend: Program, monkeypatch: pytest.MonkeyPatch, name: str, address: str
    ) -> None:
        monkeypatch.setattr(api_users, "PAUSE_SECONDS", 0.01)
        with account_claims.held(name=name, address=address):
            answer = backend.post("createcustomer", **ZOE)
            refused(answer, 409, "changed_meanwhile")
            assert (User.objects.filter(username="zoe").exists(), Customer.objects.exists()) == (False, False)
        assert backend.post("createcustomer", **ZOE).status_code == 201

    def test_after_its_answer_was_lost(self, backend: Program, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="reset", count=3, path="/v1/customers", after=True)
        refused(backend.post("createcustomer", **ZOE), 503, "stripe_unavailable")
        assert backend.post("createcustomer", **ZOE).status_code == 201
        assert len(local_stripe.api.customers.list().data) == 1

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.needs_server("threads write at once")
    def test_twice_at_once(self, staff: User, local_stripe: LocalStripe) -> None:
        programs = [program_of(staff) for _ in range(4)]
        answers = at_once(*[lambda program=program: program.post("createcustomer", **ZOE) for program in programs])
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert len({answer.json()["customer_id"] for answer in answers}) == 1
        assert User.objects.filter(username="zoe").count() == 1
        assert len(local_stripe.api.customers.list().data) == 1

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.needs_server("threads write at once")
    def test_and_a_sign_up_at_once(self, staff: User, local_stripe: LocalStripe) -> None:
        """One of them makes the account; the others are told that the name or the address is taken."""
        form = {"username": "ZOE", "email": "zoe@EXAMPLE.com", "password1": PASSWORD, "password2": PASSWORD}
        visitors = [Client() for _ in range(3)]
        signing_up = [lambda visitor=visitor: visitor.post("/accounts/signup/", form) for visitor in visitors]
        programs = [program_of(staff) for _ in range(3)]
        naming = [lambda program=program: program.post("createcustomer", **ZOE) for program in programs]
        at_once(*signing_up, *naming)
        assert User.objects.filter(username__iexact="zoe").count() == 1
        assert len(local_stripe.api.customers.list().data) == 1


class TestFirstPassword:
    def test_comes_by_mail(self, backend: Program, client: Client) -> None:
        backend.post("createcustomer", **ZOE)
        client.post("/accounts/password_reset/", {"email": "ZOE@example.com"})
        (sent,) = mail.outbox
        assert sent.to == ["zoe@example.com"]
        link = re.search(r"/accounts/reset/\S+", str(sent.body))
        assert link is not None
        form = client.get(link[0], follow=True)
        new = {"new_password1": "blue-heron-42", "new_password2": "blue-heron-42"}
        assert client.post(form.redirect_chain[-1][0], new).status_code == 302
        assert client.login(username="zoe", password="blue-heron-42")
        assert not api_users.awaits_password(User.objects.get(username="zoe"))

    def test_not_for_whom_staff_have_barred(self, backend: Program, client: Client) -> None:
        backend.post("createcustomer", **ZOE)
        zoe = User.objects.get(username="zoe")
        zoe.set_unusable_password()
        zoe.save()
        client.post("/accounts/password_reset/", {"email": "zoe@example.com"})
        User.objects.filter(pk=zoe.pk).update(password=api_users.AWAITING, is_active=False)
        client.post("/accounts/password_reset/", {"email": "zoe@example.com"})
        assert mail.outbox == []

    def test_nobody_signs_in_before(self, backend: Program, client: Client) -> None:
        backend.post("createcustomer", **ZOE)
        for guess in ("", api_users.AWAITING, User.objects.get(username="zoe").password):
            assert not client.login(username="zoe", password=guess)


class TestGetsubs:
    def test_of_somebody_who_has_nothing(self, ada: Program, local_stripe: LocalStripe) -> None:
        assert ada.post("getsubs").json() == {
            "user_name": "ada",
            "customer_id": None,
            "subscriptions": [],
            "payments": [],
            "session_id": None,
        }
        assert local_stripe.calls == []

    def test_tells_all_of_a_subscription(self, ada: Program, subscription: Subscription) -> None:
        held = ada.post("getsubs").json()
        assert held["customer_id"] == subscription.customer_id
        assert held["session_id"] == CheckoutSession.objects.get().stripe_id
        assert subscription.current_period_end_at is not None
        ends = subscription.current_period_end_at.isoformat().replace("+00:00", "Z")
        assert held["subscriptions"] == [
            {
                "subscription_id": subscription.pk,
                "status": "active",
                "gives_access": True,
                "awaits": None,
                "disputed": None,
                "price_id": subscription.price_id,
                "product_id": subscription.product_id,
                "prod_name": "Pro",
                "quantity": 1,
                "unit_amount": 1900,
                "amount": 1900,
                "discount": None,
                "currency": "usd",
                "interval": "month",
                "interval_count": 1,
                "current_period_end": ends,
                "cancel_at_period_end": False,
                "cancel_at": None,
                "next_charge_at": ends,
                "payments_paused": None,
                "paused_because": None,
                "resumes_at": None,
                "can_change": True,
                "can_resume": False,
                "trial_end": None,
                "ended_at": None,
            }
        ]

    def test_looks_a_session_up_before_any_webhook(
        self, ada: Program, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        held = ada.post("getsubs", session_id=paid_session.stripe_id).json()
        assert (len(held["subscriptions"]), held["session_id"]) == (1, paid_session.stripe_id)
        assert local_stripe.calls == [f"GET /v1/checkout/sessions/{paid_session.stripe_id}"]

    @pytest.mark.parametrize("asks", ["ada", "backend"])
    def test_looks_the_latest_session_up_that_is_not_settled(
        self, request: pytest.FixtureRequest, paid_session: CheckoutSession, local_stripe: LocalStripe, asks: str
    ) -> None:
        program: Program = request.getfixturevalue(asks)
        held = program.post("getsubs", user_name="ada").json()
        assert (len(held["subscriptions"]), held["session_id"]) == (1, paid_session.stripe_id)
        assert held["subscriptions"][0]["gives_access"]
        assert local_stripe.calls == [f"GET /v1/checkout/sessions/{paid_session.stripe_id}"]
        local_stripe.forget_calls()
        assert program.post("getsubs", user_name="ada").json() == held
        assert local_stripe.calls == []

    def test_looks_a_session_up_whose_purchase_has_not_arrived(
        self, ada: Program, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        (completed,) = local_stripe.events("checkout.session.completed")
        assert deliver(client, completed).status_code == 200
        assert Subscription.objects.count() == 0
        assert len(ada.post("getsubs").json()["subscriptions"]) == 1

    def test_with_stripe_away_tells_what_is_known(
        self, ada: Program, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        assert subscription.customer is not None
        open_one = {"mode": "subscription", "status": "open", "price": team, "product": team.product}
        CheckoutSession.objects.create(stripe_id="cs_open", customer=subscription.customer, **open_one)
        local_stripe.control("faults", status="timeout", count=20, path="/v1/checkout")
        answer = ada.post("getsubs")
        held = answer.json()["subscriptions"]
        assert (answer.status_code, [one["subscription_id"] for one in held]) == (200, [subscription.pk])
        assert local_stripe.calls == ["GET /v1/checkout/sessions/cs_open"]

    def test_with_stripe_away_and_nothing_known_is_asked_again(
        self, ada: Program, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=20, path="/v1/checkout")
        answer = ada.post("getsubs")
        refused(answer, 503, "stripe_unavailable")
        assert answer["Retry-After"] == "5"
        assert Subscription.objects.count() == 0
        assert CheckoutSession.objects.get().status == "open"

    def test_of_a_session_that_stripe_does_not_know(
        self, ada: Program, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        gone = {"mode": "subscription", "status": "open", "price": price, "product": price.product}
        CheckoutSession.objects.create(stripe_id="cs_gone", customer=customer, **gone)
        assert ada.post("getsubs").json()["subscriptions"] == []

    def test_of_somebody_elses_session(
        self, bob: User, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        answer = program_of(bob).post("getsubs", session_id=paid_session.stripe_id)
        refused(answer, 404, "not_found")
        assert local_stripe.calls == []

    def test_by_staff(self, backend: Program, subscription: Subscription, paid_session: CheckoutSession) -> None:
        held = backend.post("getsubs", user_name="ada").json()
        assert held["subscriptions"][0]["subscription_id"] == subscription.pk
        # The session is ada's, not that of whoever asks.
        refused(backend.post("getsubs", session_id=paid_session.stripe_id), 404, "not_found")


class TestMe:
    def test_is_the_caller(self, ada: Program, subscription: Subscription, price: Price) -> None:
        me = ada.get("me").json()
        assert (me["user_name"], me["email"], me["is_staff"]) == ("ada", "ada@example.com", False)
        assert me["customer_id"] == subscription.customer_id
        assert [held["subscription_id"] for held in me["subscriptions"]] == [subscription.pk]
        assert me["payments"] == []
