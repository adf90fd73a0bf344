import pytest

from tests.sandbox.shop import error_of

PAYER = {"email": "test@example.org", "name": "Test User"}
HOME = {"line1": "1 Fake Street", "city": "Salvador", "state": "BA", "country": "BR", "postal_code": "41940-340"}


def create(shop, kind, details=None, **choices):
    details = {kind: details} if details else {}
    return shop.api.payment_methods.create({"type": kind, "billing_details": PAYER, **details, **choices})


class TestCreate:
    def test_takes_a_token(self, shop):
        method = create(shop, "card", {"token": "tok_amex"})

        assert (method.card.brand, method.card.display_brand, method.card.last4) == (
            "amex",
            "american_express",
            "8431",
        )

    def test_takes_a_number(self, shop):
        method = create(shop, "card", {"number": "4242424242424242", "exp_month": 5, "exp_year": 2030, "cvc": "123"})

        assert (method.card.exp_month, method.card.exp_year, method.customer) == (5, 2030, None)

    def test_reads_an_iban(self, shop):
        debit = create(shop, "sepa_debit", {"iban": "DK50 0040 0440 1162 43"}).sepa_debit

        assert (debit.bank_code, debit.branch_code, debit.country, debit.last4) == ("0040", "", "DK", "6243")

    def test_takes_vouchers(self, shop):
        boleto = create(shop, "boleto", {"tax_id": "000.000.000-00"}, billing_details={**PAYER, "address": HOME})

        assert (boleto.boleto.tax_id, boleto.billing_details.address.city) == ("000.000.000-00", "Salvador")
        assert create(shop, "oxxo").oxxo.to_dict() == {}
        assert create(shop, "konbini").konbini.to_dict() == {}

    def test_takes_a_us_bank_account(self, shop):
        account = {"account_number": "000123456789", "routing_number": "110000000", "account_holder_type": "company"}

        method = create(shop, "us_bank_account", account)

        assert (method.us_bank_account.last4, method.us_bank_account.account_holder_type) == ("6789", "company")

    @pytest.mark.parametrize(
        ("kind", "details", "param"),
        [
            ("card", {"token": "tok_unknown"}, "card[token]"),
            ("card", {"number": "4242424242424242"}, "card[exp_month]"),
            ("sepa_debit", {"iban": "DK5000400440116244"}, "sepa_debit[iban]"),
            ("boleto", {"tax_id": "1"}, "boleto[tax_id]"),
            ("boleto", None, "boleto"),
            ("us_bank_account", {"account_number": "000123456789"}, "us_bank_account[routing_number]"),
            ("paypal", None, "type"),
        ],
    )
    def test_refuses_bad_details(self, shop, kind, details, param):
        assert error_of(create, shop, kind, details).param == param


class TestUpdate:
    def test_changes_the_expiry_date(self, shop, customer):
        card = shop.api.payment_methods.list({"customer": customer}).data[0]
        shop.forget_events()

        changed = shop.api.payment_methods.update(card.id, {"card": {"exp_month": 1, "exp_year": 2031}})

        assert (changed.card.exp_month, changed.card.exp_year) == (1, 2031)
        assert shop.new_types() == ["payment_method.updated"]

    def test_needs_a_customer(self, shop):
        method = create(shop, "oxxo")

        assert error_of(shop.api.payment_methods.update, method.id, {"metadata": {"a": "b"}}).http_status == 400


class TestAttach:
    def test_refuses_an_unknown_id(self, shop, buyer):
        error = error_of(shop.api.payment_methods.attach, "abcd", {"customer": buyer})

        assert (error.http_status, error.code, error.param) == (404, "resource_missing", "payment_method")

    def test_refuses_a_declined_card(self, shop, buyer):
        error = error_of(shop.api.payment_methods.attach, "pm_card_chargeDeclined", {"customer": buyer})

        assert (error.http_status, error.code, error.param) == (402, "card_declined", "")
        assert (error.error.advice_code, error.error.network_decline_code) == ("try_again_later", "01")

    def test_refuses_a_detached_method(self, shop, customer):
        card = shop.api.payment_methods.list({"customer": customer}).data[0].id
        shop.api.payment_methods.detach(card)

        error = error_of(shop.api.payment_methods.attach, card, {"customer": customer})

        assert error.user_message.startswith("This PaymentMethod was previously used without being attached")

    def test_refuses_vouchers_for_one_payment(self, shop, buyer):
        method = create(shop, "oxxo")

        assert error_of(shop.api.payment_methods.attach, method.id, {"customer": buyer}).http_status == 400
