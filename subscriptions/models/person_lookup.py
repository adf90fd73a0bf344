"""How people are found by their address or name, whatever mix of upper and lower case they are written in."""

import unicodedata
from hashlib import sha256

from django.conf import settings
from django.db import models

LONGEST = 255


class PersonLookup(models.Model):
    """A user's address and name, folded. `subscriptions.people.lookup` alone reads and writes the rows.

    The user model may be any, so the columns are here and not there. Neither is unique: of two users with one address
    from before, both are found.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, db_column="_id", on_delete=models.CASCADE, related_name="+"
    )
    email = models.CharField(max_length=LONGEST, blank=True)
    name = models.CharField(max_length=LONGEST, blank=True)

    class Meta:
        indexes = [models.Index(fields=["email"]), models.Index(fields=["name"])]

    def __str__(self) -> str:
        return str(self.pk)


def fold(text: str) -> str:
    """Return a name or an e-mail address in the form that all its spellings share.

    As Django compares addresses: compatible characters are the same, and so are upper and lower case. Few characters
    make a long form; that is replaced by its digest, because PostgreSQL indexes no text of any length.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()
    return folded if len(folded) <= LONGEST else f"sha256:{sha256(folded.encode(errors='surrogatepass')).hexdigest()}"
