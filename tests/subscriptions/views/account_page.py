"""Reading the account page: what can be done from a subscription's card, and the card itself."""

from datetime import timedelta

from django.test import Client

from tests.subscriptions import reading
from tests.subscriptions.reading import Step
from tests.subscriptions.rows import MAY

INVOICE_PAGE = "https://pay.example.com/in_1"

PAY = Step("Pay $19.00 now for Pro", "get", INVOICE_PAGE)
COMPLETE = Step("Complete the payment of $19.00 for Pro", "get", INVOICE_PAGE)
INVOICES = Step("See your invoices", "get", "/account/invoices/")
CHANGE_CARD = Step("Change card", "post", "/billing-portal/")
ADD_OR_CHANGE_CARD = Step("Add or change card", "post", "/billing-portal/")
ADD_CARD = Step("Add a card", "post", "/billing-portal/")
CHANGE = Step("Change plan (Pro)", "get", "/subscriptions/sub_1/change/")
CALL_OFF = Step("Keep current plan of Pro", "post", "/subscriptions/sub_1/undo-change/")
START_AGAIN = Step("Start again Pro", "post", "/subscriptions/sub_1/resume/")
RESUME = Step("Resume Pro", "post", "/subscriptions/sub_1/resume/")
CANCEL = Step("Cancel Pro", "get", "/subscriptions/sub_1/cancel/")
BUY_AGAIN = Step("Buy again (Pro)", "get", "/")

LATE_MAY = MAY + timedelta(days=20)

ENDING = {"cancel_at_period_end": True}

PAUSED_UNTIL_JUNE = "It is paused until 3 June 2099: nothing is charged, and you keep access until 3 May 2099."
PAUSED_WITHOUT_ACCESS = (
    "It is paused: nothing is charged, and you have no access meanwhile. Please contact us to start payments again."
)


def card(client: Client) -> str:
    cards = reading.cards(client.get("/account/").content.decode())
    assert len(cards) == 1
    return cards[0]
