"""Stripe's customers, and the people of this site they belong to."""

import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.db import models

from billing.models import MirroredRow, own_id, stripe_id
from subscriptions.user_model import User


class CustomerQuerySet(models.QuerySet["Customer"]):
    def listed(self) -> "CustomerQuerySet":
        return self.filter(is_deleted=False, archived_at=None)

    def of_or_with_address_of(self, user: User, ids: Iterable[str]) -> dict[str, "Customer"]:
        """Return the customers with these ids, which are the person's, and others with the person's address, by id."""
        theirs = models.Q(pk__in=list(ids))
        if user.email:
            theirs |= models.Q(email=user.email, is_deleted=False)
        return {customer.pk: customer for customer in self.filter(theirs)}


class Customer(MirroredRow):
    """A customer at Stripe. https://docs.stripe.com/api/customers/object"""

    id = stripe_id()
    email = models.TextField(blank=True)
    name = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    discount = models.JSONField(default=dict, blank=True, help_text="Of subscriptions that have none of their own.")
    named_account = models.CharField(max_length=64, blank=True, help_text="The account that its metadata names.")

    # Our own: when another address or name was first seen here, on Stripe's clock.
    email_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    name_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Our own: the clean-up's.
    archived_at = models.DateTimeField(null=True, blank=True)
    restored_after = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The newest end of a subscription when this customer was last restored (Stripe's clock): "
        "only a later end archives again.",
    )

    objects = CustomerQuerySet.as_manager()

    class Meta(MirroredRow.Meta):
        ordering = ("-stripe_created_at", "id")
        indexes = [*MirroredRow.Meta.indexes, models.Index(fields=["named_account"]), models.Index(fields=["email"])]

    def __str__(self) -> str:
        return self.email or self.pk


class BillingAccountQuerySet(models.QuerySet["BillingAccount"]):
    def customer_ids_of(self, user: User) -> list[str]:
        """Return the ids of this person's customers at Stripe: the one they buy with, then linked ones.

        Two queries, one for a person without an account.
        """
        account = self.filter(user=user).values_list("pk", "customer_id").first()
        if account is None:
            return []
        more = LinkedCustomer.objects.filter(account=account[0]).order_by("pk").values_list("pk", flat=True)
        return [pk for pk in dict.fromkeys([account[1], *more]) if pk]


class BillingAccount(models.Model):
    """Links a person to the Stripe customer they buy with. It is created first; its id is in the idempotency key."""

    id = own_id()
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="billing_account")
    email = models.TextField(blank=True, help_text="As sent to Stripe: a repeated request must be the same.")
    customer = models.OneToOneField(
        Customer, null=True, blank=True, db_constraint=False, on_delete=models.DO_NOTHING, related_name="account"
    )
    attempt = models.PositiveIntegerField(default=0)
    # The user's address and name when they were last saved; None if not known. And the name sent to Stripe last.
    seen_email = models.TextField(null=True, blank=True, editable=False)
    seen_name = models.TextField(null=True, blank=True, editable=False)
    sent_name = models.TextField(blank=True, editable=False)

    objects = BillingAccountQuerySet.as_manager()

    class Meta:
        # MongoDB does not use a unique index, which is partial there, for look-ups.
        indexes = [models.Index(fields=["user"]), models.Index(fields=["customer"])]

    def __str__(self) -> str:
        return self.customer_id or "not at Stripe yet"


class LinkedCustomer(models.Model):
    """A customer made elsewhere that is a person here. Its id is the key, so it belongs to one person.

    Purchases with it count as the person's. The account names the customer that new purchases are made with.
    """

    id = stripe_id()
    account = models.ForeignKey(BillingAccount, on_delete=models.CASCADE, related_name="linked_customers")
    linked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.pk


class DetailsToSend(models.Model):
    """A user's address or name was changed here and has not reached Stripe yet; the row is deleted when it has."""

    id = own_id()
    account = models.OneToOneField(BillingAccount, on_delete=models.CASCADE, related_name="details_to_send")
    email_changed_at = models.DateTimeField(null=True, blank=True)
    name_changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["account"])]

    def __str__(self) -> str:
        return str(self.account_id)


class ConfirmedAddress(models.Model):
    """The address that a person has confirmed by a link in a mail; another address of theirs is not confirmed."""

    id = own_id()
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="confirmed_address")
    email = models.TextField()
    confirmed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user"])]

    def __str__(self) -> str:
        return self.email


class ErasedCustomer(models.Model):
    """The id of a customer whose rows were deleted here: a late event or a reconcile must not bring them back."""

    id = stripe_id()
    erased_at = models.DateTimeField("removed at")
    reason = models.CharField(max_length=100)

    class Meta:
        verbose_name = "removed customer"

    def __str__(self) -> str:
        return self.pk


class ErasedObject(models.Model):
    """The digest of the id of something that belonged to an erased customer and names no customer itself.

    Refunds and disputes name a payment alone, and a late one must not be stored. The id itself is not kept.
    """

    id = models.CharField(primary_key=True, max_length=64, db_column="_id")

    def __str__(self) -> str:
        return self.pk

    @staticmethod
    def digest_of(an_id: str) -> str:
        return hashlib.sha256(an_id.encode()).hexdigest()

    @classmethod
    def remember(cls, ids: Iterable[str]) -> None:
        for each in ids:
            cls.objects.get_or_create(pk=cls.digest_of(each))

    @classmethod
    def is_one_of(cls, ids: Iterable[str]) -> bool:
        """Whether one of these ids was remembered. One query, none without ids."""
        digests = [cls.digest_of(each) for each in ids]
        return bool(digests) and cls.objects.filter(pk__in=digests).exists()
