"""The account itself: `/v1/account`."""
