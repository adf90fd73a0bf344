import pytest
import stripe


class TestAccount:
    def test_is_the_same_by_its_key_and_by_its_id(self, api):
        own = api.accounts.retrieve_current()

        assert own.id.startswith("acct_")
        assert (own.charges_enabled, own.country, own.default_currency) == (True, "US", "usd")
        assert api.accounts.retrieve(own.id).to_dict() == own.to_dict()

    def test_of_others_is_out_of_reach(self, api):
        with pytest.raises(stripe.PermissionError) as refused:
            api.accounts.retrieve("acct_other")

        assert refused.value.http_status == 403
        assert "does not have access to account 'acct_other'" in str(refused.value)
