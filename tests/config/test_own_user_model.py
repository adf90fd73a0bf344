"""A user model of the project's own: one without user names works, an unfit one is refused by a check."""

import os
import re
import subprocess
import sys
from pathlib import Path

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.test.utils import isolate_apps

from subscriptions import checks
from tests.config import own_user_model

JOURNEY = Path(own_user_model.__file__).parent / "journey.py"
ROOT = Path(__file__).parents[2]
UNFIT_MODEL = """
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db import models

class Person(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
"""
UNFIT_SETTINGS = """
from config.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "people"]
AUTH_USER_MODEL = "people.Person"
"""
# Not this run's: pytest-django would load them before the suite can choose.
OTHERS = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
OWN_SETTINGS = {"TEST_SETTINGS": "tests.config.own_user_model.settings"}


class TestAModelWithoutUserNames:
    def test_signs_up_buys_calls_the_api_and_is_found_in_the_admin(self) -> None:
        """In a process of its own: Django decides once which model people are."""
        run = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(JOURNEY)],
            env=OTHERS | OWN_SETTINGS,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        passed = re.search(r"^(\d+) passed", run.stdout, re.MULTILINE)
        assert run.returncode == 0, run.stdout + run.stderr
        assert passed is not None, run.stdout
        assert int(passed[1]) == JOURNEY.read_text().count("def test_") + 1  # One test has two cases.


class TestTheCheck:
    def test_has_nothing_against_djangos_own(self) -> None:
        assert checks.user_model() == []

    @isolate_apps("subscriptions")
    def test_has_nothing_against_an_address_for_a_name(self) -> None:
        class Member(AbstractUser):
            username = None
            email = models.EmailField(unique=True)
            USERNAME_FIELD = "email"

            class Meta:
                app_label = "subscriptions"

        assert checks.problems_of(Member) == []

    @isolate_apps("subscriptions")
    def test_names_everything_that_is_missing(self) -> None:
        class Member(AbstractBaseUser):
            number = models.IntegerField(unique=True)
            USERNAME_FIELD = "number"
            EMAIL_FIELD = "address"

            class Meta:
                app_label = "subscriptions"

        assert checks.problems_of(Member) == [
            "must extend PermissionsMixin",
            "must have a CharField `email`",
            "must have a BooleanField `is_active`",
            "must have a BooleanField `is_staff`",
            "must have a CharField as its USERNAME_FIELD",
            "must have EMAIL_FIELD = 'email'",
        ]

    @isolate_apps("subscriptions")
    def test_refuses_a_field_that_sign_up_can_not_fill(self) -> None:
        class Member(AbstractUser):
            born_on = models.DateField()
            joined_at = models.DateTimeField(auto_now_add=True)
            left_at = models.DateTimeField(null=True)
            points = models.IntegerField(default=0)
            motto = models.CharField(max_length=100)

            class Meta:
                app_label = "subscriptions"

        assert checks.problems_of(Member) == [
            "must have a default for `born_on`, or allow NULL: nothing asks for it at sign-up"
        ]

    def test_stops_the_project_with_an_unfit_model(self, tmp_path: Path) -> None:
        (tmp_path / "people").mkdir()
        (tmp_path / "people" / "models.py").write_text(UNFIT_MODEL)
        (tmp_path / "unfit_settings.py").write_text(UNFIT_SETTINGS)
        run = subprocess.run(
            [sys.executable, "manage.py", "check"],
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "unfit_settings", "PYTHONPATH": str(tmp_path)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 1
        assert "(subscriptions.E001) AUTH_USER_MODEL people.Person must have a BooleanField `is_staff`." in run.stderr
        assert "docs/customising.md" in run.stderr
