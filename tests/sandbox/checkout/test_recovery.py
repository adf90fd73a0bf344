import pytest

from tests.sandbox.shop import NOW

DAY = 86400
RECOVERY = {"recovery": {"enabled": True, "allow_promotion_codes": True}}


@pytest.fixture
def expired(shop):
    """An expired session with a recovery link."""
    session = shop.session(after_expiration=RECOVERY, client_reference_id="user-1", metadata={"order": "7"})
    return shop.api.checkout.sessions.expire(session.id)


@pytest.fixture
def recovered(shop):
    """Open the recovery link, and return the session that it opens."""

    def open_link(session):
        answer = shop.programs.get(f"/recover/{session.id}")
        assert answer.status_code == 303
        return shop.api.checkout.sessions.retrieve(answer.headers["Location"].rpartition("/")[2])

    return open_link


class TestRecovery:
    def test_has_no_link_before_the_session_expires(self, shop):
        session = shop.session(after_expiration=RECOVERY)
        assert session.after_expiration.recovery.to_dict() == {
            "allow_promotion_codes": True,
            "enabled": True,
            "expires_at": None,
            "url": None,
        }

    def test_link_is_in_the_event(self, shop, expired):
        recovery = expired.after_expiration.recovery
        assert recovery.url == f"http://127.0.0.1:8420/recover/{expired.id}"
        assert recovery.expires_at == NOW + 30 * DAY
        [event] = [each for each in shop.events() if each["type"] == "checkout.session.expired"]
        assert event["data"]["object"]["after_expiration"]["recovery"]["url"] == recovery.url

    def test_link_opens_a_copy(self, shop, expired, recovered):
        shop.advance(days=3)

        copy = recovered(expired)

        assert (copy.status, copy.recovered_from, copy.amount_total) == ("open", expired.id, 1900)
        assert (copy.client_reference_id, copy.metadata.to_dict()) == ("user-1", {"order": "7"})
        assert copy.allow_promotion_codes is True
        assert copy.expires_at == shop.now + DAY
        assert shop.pay(copy).status == "complete"

    def test_link_opens_the_same_copy_again(self, expired, recovered):
        assert recovered(expired).id == recovered(expired).id

    def test_link_expires(self, shop, expired):
        shop.advance(days=30)
        assert shop.programs.get(f"/recover/{expired.id}").status_code == 404

    def test_is_off_without_the_option(self, shop):
        session = shop.api.checkout.sessions.expire(shop.session().id)
        assert session.after_expiration is None
        assert shop.programs.get(f"/recover/{session.id}").status_code == 404


class TestUpdate:
    def test_changes_the_metadata(self, shop):
        session = shop.session(metadata={"order": "7", "old": "x"})

        changed = shop.api.checkout.sessions.update(session.id, {"metadata": {"order": "8", "old": ""}})

        assert changed.metadata.to_dict() == {"order": "8"}
