"""The pages to choose another plan and to confirm it: what they offer, and what they say before the click."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from billing.models import Price
from subscriptions.models import Customer, Subscription, SubscriptionSchedule
from subscriptions.plans import preview
from subscriptions.plans.preview import Line, Period, Preview
from tests.subscriptions import reading
from tests.subscriptions.reading import Step, shown
from tests.subscriptions.rows import JUNE, MAY, bill, sell_team, sell_yearly, subscribe
from tests.wording import ending, starting

pytestmark = pytest.mark.django_db

TIMES = "\N{MULTIPLICATION SIGN}"
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"

CHOOSE = "/subscriptions/sub_1/change/"
BACK = Step("Back to your account", "get", "/account/")
ACCOUNT = Step("Go to your account", "get", "/account/")
PLANS = Step("See the plans", "get", "/")


@pytest.fixture
def team_seats(price: Price) -> Price:
    return sell_team()


class TestChoose:
    def test_lists_every_other_price_under_its_product(
        self, customer_client: Client, customer: Customer, price: Price, team_seats: Price
    ) -> None:
        yearly = sell_yearly(price.product)
        subscribe(customer, price)
        now, *products = reading.cards(shown(customer_client, CHOOSE))
        assert reading.words(now) == "Pro Active $19.00 per month Renews on 3 May 2099."
        assert reading.steps(now) == []
        assert {reading.words(product) for product in products} == {
            "Pro Your plan at another price $190.00 per year Choose Pro, $190.00 per year",
            "Team For many. $29.00 per month Quantity Choose (Team, $29.00 per month)",
        }
        assert {step for product in products for step in reading.steps(product)} == {
            Step("Choose Pro, $190.00 per year", "get", f"/subscriptions/sub_1/change/{yearly.pk}/"),
            Step("Choose (Team, $29.00 per month)", "get", f"/subscriptions/sub_1/change/{team_seats.pk}/"),
        }

    def test_asks_how_many_beginning_with_as_many_as_now(
        self, customer_client: Client, customer: Customer, price: Price, team_seats: Price
    ) -> None:
        subscribe(customer, price, quantity=4)
        _, product = reading.cards(shown(customer_client, CHOOSE))
        assert reading.forms(product) == [{"quantity": "4"}]
        assert '<label class="quantity">Quantity <input' in product
        assert 'min="1" max="999" required' in product

    def test_changes_the_quantity_of_the_current_plan(
        self, customer_client: Client, customer: Customer, team_seats: Price
    ) -> None:
        subscribe(customer, team_seats, quantity=3)
        now, _ = reading.cards(shown(customer_client, CHOOSE))
        assert reading.forms(now) == [{"quantity": "3"}]
        assert reading.steps(now) == [
            Step("Show what it costs (Team, $29.00 per month)", "get", f"/subscriptions/sub_1/change/{team_seats.pk}/")
        ]

    def test_without_another_price(self, customer_client: Client, customer: Customer, price: Price) -> None:
        subscribe(customer, price)
        page = shown(customer_client, CHOOSE)
        assert "There is no other plan that you can change to." in reading.words(page)
        assert reading.steps(page) == [BACK]

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            ("canceled", (f"This subscription has ended, so it can{APOSTROPHE}t be changed.", PLANS)),
            ("incomplete_expired", ("This subscription has ended", PLANS)),
            ("unpaid", ("Please pay the open invoice first", ACCOUNT)),
            ("past_due", ("Please pay the open invoice first", ACCOUNT)),
            ("incomplete", ("Please pay the open invoice first", ACCOUNT)),
            ("paused", ("Your subscription is paused.", ACCOUNT)),
        ],
    )
    def test_offers_nothing_to_one_that_can_not_change(
        self, customer_client: Client, customer: Customer, team_seats: Price, status: str, said: tuple[str, Step]
    ) -> None:
        reason, way_out = said
        subscribe(customer, team_seats, status)
        page = shown(customer_client, CHOOSE)
        assert reason in reading.words(page)
        assert reading.steps(page) == [BACK, way_out]

    @pytest.mark.parametrize(("closed", "how"), [("void", "cancelled"), ("uncollectible", "written off")])
    @pytest.mark.parametrize(
        ("status", "instead"),
        [
            ("past_due", "You can change your plan when the next one is paid."),
            ("unpaid", "Please cancel this subscription and choose a plan again."),
        ],
    )
    def test_does_not_ask_to_pay_a_closed_invoice(  # noqa: PLR0917  (fixtures)
        self,
        customer_client: Client,
        customer: Customer,
        team_seats: Price,
        status: str,
        instead: str,
        closed: str,
        how: str,
    ) -> None:
        subscribe(customer, team_seats, status, latest_invoice=bill(customer, status=closed))
        said = f"Your last invoice was {how}. {instead}"
        assert said in reading.words(shown(customer_client, CHOOSE))
        refused = customer_client.get(f"{CHOOSE}{team_seats.pk}/")
        assert (refused.status_code, said in refused.content.decode()) == (400, True)

    def test_does_not_ask_to_pay_where_nothing_is_owed(
        self, customer_client: Client, customer: Customer, team_seats: Price
    ) -> None:
        subscribe(customer, team_seats, items=[])
        page = shown(customer_client, CHOOSE)
        assert "This subscription has no plan that can be changed. Please contact us." in reading.words(page)
        assert reading.steps(page) == [BACK, ACCOUNT]


def page_of(
    subscription: Subscription,
    price: Price,
    *amounts: int,
    quantity: int = 1,
    can_wait: bool = False,
    **figures: Any,
) -> str:
    """The page that confirms a change which leads to an invoice of these lines."""
    lines = [Line(f"Line {number}", amount, "usd", True, MAY, JUNE) for number, amount in enumerate(amounts, start=1)]
    total = sum(amounts)
    usual: dict[str, Any] = {
        "is_billed_now": False,
        "total": total,
        "discount": 0,
        "tax": 0,
        "amount_due": total,
        "due_at": MAY,
    }
    told = usual | figures
    context = {
        "subscription": subscription,
        "price": price,
        "quantity": quantity,
        "preview": Preview(subscription, price, quantity, 4102444800, lines=lines, currency="usd", **told),
        "can_wait": can_wait,
    }
    return reading.main(render_to_string("subscriptions/change_preview.html", context, RequestFactory().get("/")))


def costs_of(subscription: Subscription, price: Price, *amounts: int, **figures: Any) -> str:
    return reading.words(reading.section(page_of(subscription, price, *amounts, **figures), "costs"))


class TestPreview:
    def test_names_both_plans(self, subscription_row: Subscription, team_seats: Price) -> None:
        changes = reading.section(page_of(subscription_row, team_seats, 8700, quantity=3), "change")
        assert reading.words(changes) == (
            f"What changes From Pro, $19.00 per month To Team, $87.00 per month, 3 {TIMES} $29.00"
        )

    def test_of_a_later_bill_says_that_nothing_is_charged_today(
        self, subscription_row: Subscription, team_seats: Price
    ) -> None:
        assert costs_of(subscription_row, team_seats, -810, 2610, 2900) == (
            "If you change now Nothing is charged today. "
            "Your next invoice comes on 3 May 2099, as before. It will be $47.00. "
            "The next invoice For Amount "
            "Line 1 3 May 2099 to 3 June 2099 -$8.10 "
            "Line 2 3 May 2099 to 3 June 2099 $26.10 "
            "Line 3 3 May 2099 to 3 June 2099 $29.00 "
            "Total $47.00 Change now"
        )

    def test_of_a_bill_at_once_says_what_is_charged_and_that_the_date_moves(
        self, subscription_row: Subscription, team_seats: Price
    ) -> None:
        figures: dict[str, Any] = {"is_billed_now": True, "due_at": None, "period": Period(MAY, JUNE)}
        costs = costs_of(subscription_row, team_seats, -810, 29000, **figures)
        assert costs == starting(
            f"If you change now $281.90 is charged today. Your billing date moves: the new plan{APOSTROPHE}s period "
            "begins today and renews on 3 June 2099. If the payment fails, nothing changes. Unused time is counted to "
            "the second, so the charge can be a few cents more by the time you click. "
            f"Today{APOSTROPHE}s invoice"
        )
        assert costs == ending("Total $281.90 Change now and pay $281.90")

    def test_of_a_later_date_than_before_does_not_say_as_before(
        self, subscription_row: Subscription, team_seats: Price
    ) -> None:
        costs = costs_of(subscription_row, team_seats, 2900, due_at=JUNE)
        assert costs == starting(
            "If you change now Nothing is charged today. Your next invoice comes on 3 June 2099. It will be $29.00."
        )

    def test_of_a_credit_says_that_the_rest_is_kept(self, subscription_row: Subscription, team_seats: Price) -> None:
        figures: dict[str, Any] = {"is_billed_now": True, "due_at": None, "period": Period(MAY, JUNE), "amount_due": 0}
        costs = costs_of(subscription_row, team_seats, -26100, 900, **figures)
        assert costs == starting("If you change now Nothing is charged today. Your billing date moves:")
        assert "If the payment fails" not in costs
        assert "The rest is kept for your later invoices." in costs
        assert costs == ending("Total -$252.00 To pay $0.00 Change now")

    def test_shows_tax(self, subscription_row: Subscription, team_seats: Price) -> None:
        costs = costs_of(subscription_row, team_seats, 2900, tax=551, total=3451, amount_due=3451)
        assert costs == ending("$29.00 Tax $5.51 Total $34.51 Change now")

    def test_shows_the_discount_that_the_total_has_less(
        self, subscription_row: Subscription, team_seats: Price
    ) -> None:
        costs = costs_of(subscription_row, team_seats, 2900, discount=580, total=2320, amount_due=2320)
        assert costs == ending("$29.00 Discount -$5.80 Total $23.20 Change now")

    def test_sends_what_was_shown(self, subscription_row: Subscription, team_seats: Price) -> None:
        page = page_of(subscription_row, team_seats, 8700, quantity=3, can_wait=True)
        now, later = reading.forms(page)
        assert [form["when"] for form in (now, later)] == ["now", "period_end"]
        for form in (now, later):
            assert form["quantity"] == "3"
            assert preview.read_token(form["preview"], subscription=subscription_row, price=team_seats) == (
                3,
                4102444800,
            )
        address = f"/subscriptions/sub_1/change/{team_seats.pk}/"
        assert reading.steps(page) == [
            Step("Back to the choice", "get", CHOOSE),
            Step("Change now", "post", address),
            Step("Change on 3 May 2099", "post", address),
            Step("Keep my plan as it is", "get", "/account/"),
        ]

    def test_that_can_wait_says_what_waiting_costs(self, subscription_row: Subscription, team_seats: Price) -> None:
        later = reading.section(page_of(subscription_row, team_seats, 500, can_wait=True), "wait")
        assert reading.words(later) == (
            "If you change later Your plan stays as it is until 3 May 2099. Nothing is charged or credited before. "
            "From then on you pay the new price; the first invoice also includes charges and credits for "
            "earlier changes. "
            "Change on 3 May 2099"
        )

    def test_that_can_not_wait_has_one_button(self, subscription_row: Subscription, team_seats: Price) -> None:
        page = page_of(subscription_row, team_seats, 500)
        assert reading.section(page, "wait") == ""
        assert len(reading.forms(page)) == 1

    def test_of_one_set_to_end_says_what_becomes_of_the_end(
        self, subscription_row: Subscription, team_seats: Price
    ) -> None:
        subscription_row.cancel_at_period_end = True
        page = page_of(subscription_row, team_seats, 500, can_wait=True)
        assert "Your subscription stays set to end on 3 May 2099." in reading.words(reading.section(page, "costs"))
        assert "set to end on 3 May 2099; with this change it continues." in reading.words(
            reading.section(page, "wait")
        )

    def test_of_one_with_a_change_waiting_says_that_it_is_called_off(
        self, subscription_row: Subscription, team_seats: Price
    ) -> None:
        subscription_row.schedule = SubscriptionSchedule(pk="sub_sched_1", status="active", next_at=JUNE)
        costs = costs_of(subscription_row, team_seats, 500)
        assert "The change scheduled for 3 June 2099 will not happen." in costs
