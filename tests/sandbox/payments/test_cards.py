from datetime import UTC, datetime

import pytest

from sandbox.core.errors import ApiError
from sandbox.payments import cards

NOW = int(datetime(2026, 6, 15, tzinfo=UTC).timestamp())


def answer_to(number: str) -> dict[str, object]:
    with pytest.raises(ApiError) as refusal:
        cards.by_number(number)
    assert refusal.value.status == 402
    return refusal.value.body()["error"]


class TestNumbers:
    def test_finds_a_card_typed_with_spaces_or_dashes(self):
        assert cards.by_number("4242 4242 4242 4242").alias == "pm_card_visa"
        assert cards.by_number("3782-822463-10005").brand == "amex"

    @pytest.mark.parametrize("card", cards.TEST_CARDS, ids=lambda card: card.alias)
    def test_accepts_every_test_card(self, card):
        assert cards.by_number(card.number) is card

    @pytest.mark.parametrize("number", ["", "4242", "4242 4242 4242 424x", "4" * 20, "٤" * 16])
    def test_refuses_malformed_card_numbers(self, number):
        assert answer_to(number) == {
            "code": "invalid_number",
            "doc_url": "https://stripe.com/docs/error-codes/invalid-number",
            "message": "The card number is not a valid credit card number.",
            "param": "number",
            "type": "card_error",
        }

    def test_refuses_a_wrong_check_digit(self):
        assert answer_to("4242424242424241")["code"] == "incorrect_number"

    def test_refuses_a_real_card(self):
        assert answer_to("4111111111111111")["decline_code"] == "test_mode_live_card"


class TestBehaviour:
    @pytest.mark.parametrize(
        ("number", "code", "decline_code"),
        [
            ("4000000000000002", "card_declined", "generic_decline"),
            ("4000000000009995", "card_declined", "insufficient_funds"),
            ("4000000000009987", "card_declined", "lost_card"),
            ("4000000000009979", "card_declined", "stolen_card"),
            ("4000000000000069", "expired_card", "expired_card"),
            ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
            ("4000000000000119", "processing_error", "processing_error"),
        ],
    )
    def test_refusing_cards_refuse_charges_and_being_saved(self, number, code, decline_code):
        card = cards.by_number(number)

        assert (card.refusal.code, card.refusal.decline_code) == (code, decline_code)
        assert card.refusal_when_saved() is card.refusal

    def test_one_card_can_be_saved_and_never_charged(self):
        card = cards.by_number("4000000000000341")

        assert card.refusal is cards.GENERIC_DECLINE
        assert card.refusal_when_saved() is None

    @pytest.mark.parametrize(
        ("number", "on_session", "later"),
        [
            ("4242424242424242", False, False),
            ("4000002500003155", True, False),
            ("4000002760003184", True, True),
            ("4000008260003178", True, False),
            ("4000000000003220", True, False),
        ],
    )
    def test_asks_for_authentication(self, number, on_session, later):
        card = cards.by_number(number)

        assert card.asks_authentication(on_session=True) is on_session
        assert card.asks_authentication(on_session=False) is later


class TestExpiryAndCode:
    @pytest.mark.parametrize(("month", "year"), [(6, 2026), (1, 2027), (12, 2076)])
    def test_accepts_a_card_until_its_month_is_over(self, month, year):
        assert cards.check_expiry(month=month, year=year, now=NOW) is None

    @pytest.mark.parametrize(
        ("month", "year", "code"),
        [
            (5, 2026, "invalid_expiry_month"),
            (0, 2027, "invalid_expiry_month"),
            (13, 2027, "invalid_expiry_month"),
            (12, 2025, "invalid_expiry_year"),
            (1, 2077, "invalid_expiry_year"),
        ],
    )
    def test_refuses_a_past_or_impossible_expiry(self, month, year, code):
        with pytest.raises(ApiError) as refusal:
            cards.check_expiry(month=month, year=year, now=NOW)

        assert refusal.value.code == code

    def test_accepts_three_or_four_digits_of_code(self):
        assert cards.check_cvc("123") is None
        assert cards.check_cvc("1234") is None

    @pytest.mark.parametrize("cvc", ["", "12", "12345", "12x", "١٢٣"])
    def test_refuses_another_code(self, cvc):
        with pytest.raises(ApiError) as refusal:
            cards.check_cvc(cvc)

        assert refusal.value.code == "invalid_cvc"
