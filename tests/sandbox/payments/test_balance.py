"""The account's balance: pending until the money is available, less fees and refunds."""

DAY = 86_400


def amounts(api, status):
    return [(each.amount, each.currency, each.source_types.to_dict()) for each in api.balance.retrieve()[status]]


class TestBalance:
    def test_is_empty_at_first(self, api):
        assert amounts(api, "available") == amounts(api, "pending") == [(0, "usd", {"card": 0})]

    def test_is_pending_for_a_week_and_less_refunds(self, api, control):
        paid = {"amount": 10_000, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
        intent = api.payment_intents.create({**paid, "return_url": "https://example.com"})
        control("clock", advance=10)
        api.refunds.create({"payment_intent": intent.id, "amount": 1_000})

        assert amounts(api, "pending") == [(10_000 - 320 - 1_000, "eur", {"card": 8_680})]
        control("clock", advance=8 * DAY)

        assert amounts(api, "available") == [(8_680, "eur", {"card": 8_680})]
        assert amounts(api, "pending") == [(0, "eur", {"card": 0})]
