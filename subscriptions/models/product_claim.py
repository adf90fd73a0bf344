"""Who is getting which product right now."""

import uuid

from django.db import models

from billing.models import LooseLink


class ProductClaim(models.Model):
    """One customer is getting one product, by buying it or by changing a subscription to it.

    The primary key is made of the customer and the product, so the two ways exclude each other. The row is deleted
    once the outcome is in the mirror; `subscriptions.checkout.claims` alone takes and releases claims.
    """

    class State(models.TextChoices):
        BUYING = "buying", "a checkout session is being made"
        AT_CHECKOUT = "at_checkout", "the checkout session is at Stripe"
        CHANGING = "changing", "a subscription is being changed"

    id = models.CharField(primary_key=True, max_length=520, db_column="_id", editable=False)
    customer = LooseLink("subscriptions.Customer", related_name="claims")
    product = LooseLink("billing.Product", related_name="+")
    state = models.CharField(max_length=20, choices=State)
    # A purchase's checkout session has the same id. A change gets a new one with each try.
    attempt_id = models.UUIDField(default=uuid.uuid4, unique=True)
    # The subscription that is being changed; None for a purchase.
    subscription = LooseLink("subscriptions.Subscription", related_name="+")
    taken_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["attempt_id"])]

    def __str__(self) -> str:
        return self.pk

    @staticmethod
    def key_of(customer_id: str, product_id: str) -> str:
        return f"{customer_id} {product_id}"
