"""Values that the tests type into the card form, and the path of a checkout page."""

TYPED = {
    "email": "ada@example.com",
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 34",
    "cvc": "123",
    "name": "Ada Lovelace",
}
DECLINED = TYPED | {"number": "4000000000000002"}
SECURE = TYPED | {"number": "4000002500003155"}


def path(session):
    return f"/checkout/{session.id}"
