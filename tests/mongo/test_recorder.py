"""Commands are recorded with their asker, on mongomock and on a server, and the test that sent a bad one fails."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from subscriptions.models import Customer
from subscriptions.monitoring import webhook_gap
from subscriptions.webhooks import inbox
from tests.fixtures import LocalStripe, User, deliver
from tests.mongo.askers import Asker
from tests.mongo.recorder import Fault, recorder
from tests.mongo.statements import Statement

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("mongodb")]


def askers_of(sent: list[tuple[Asker, Statement]]) -> set[Asker]:
    return {asker for asker, _ in sent}


class TestAskers:
    @pytest.mark.parametrize(
        ("path", "asker"),
        [
            ("/", Asker.PAGE),
            ("/accounts/login/", Asker.PAGE),
            ("/account/", Asker.PAGE),
            ("/api/plans", Asker.API),
            ("/api/me", Asker.API),
            ("/admin/", Asker.ADMIN),
            ("/admin/billing/product/", Asker.ADMIN),
        ],
    )
    def test_a_request(self, admin_client: Client, path: str, asker: Asker) -> None:
        with recorder.watched() as sent:
            admin_client.get(path)
        assert askers_of(sent) == {asker}

    def test_a_webhook(self, client: Client, local_stripe: LocalStripe) -> None:
        local_stripe.api.products.create({"name": "Pro"})
        (event,) = local_stripe.events("product.created")
        with recorder.watched() as sent:
            assert deliver(client, event).status_code == 200
        assert askers_of(sent) == {Asker.WEBHOOK}

    def test_a_pass(self, local_stripe: LocalStripe) -> None:
        call_command("sync_subscriptions")
        with recorder.watched() as sent:
            call_command("sync_subscriptions")
        assert askers_of(sent) == {Asker.QUIET_PASS, Asker.WEBHOOK}  # It looks for failed events to try again.
        with recorder.watched() as sent:
            call_command("sync_subscriptions", full=True)
        assert Asker.PASS in askers_of(sent)

    def test_a_command(self, person: User) -> None:
        with recorder.watched() as sent:
            call_command("create_api_token", person.username)
        assert askers_of(sent) == {Asker.COMMAND}

    def test_a_function_of_the_product(self) -> None:
        with recorder.watched() as sent:
            webhook_gap.last_webhook_at(now=timezone.now())
        assert askers_of(sent) == {Asker.PRODUCT}

    def test_a_module_that_one_asker_uses(self) -> None:
        with recorder.watched() as sent:
            inbox.retry_due(now=timezone.now())
        assert askers_of(sent) == {Asker.WEBHOOK}

    def test_the_test_itself(self) -> None:
        with recorder.watched() as sent:
            Customer.objects.filter(name="Eve").update(name="Adam")
        assert [(asker, statement.verb) for asker, statement in sent] == [(Asker.TEST, "update")]


class TestIndexes:
    def test_are_those_that_the_migrations_made(self) -> None:
        database = connection.settings_dict["NAME"]
        for table in ("subscriptions_customer", "subscriptions_invoice", "auth_user", "django_session"):
            made = connection.get_collection(table).index_information().values()
            whole = {tuple(dict(index["key"])) for index in made if "partialFilterExpression" not in index}
            known = {tuple(name for name, _ in index.keys) for index in recorder.indexes.of(database, table)}
            assert known == whole | {("_id",)}


class TestFaults:
    @pytest.fixture
    def on_a_page(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have what this test sends count as a page's."""
        monkeypatch.setattr("tests.mongo.recorder.asker", lambda: Asker.PAGE)

    def test_are_kept_until_they_are_taken(self, on_a_page: None) -> None:
        list(Customer.objects.filter(name="Eve"))
        list(Customer.objects.filter(name="Adam"))
        (fault,) = recorder.taken()
        assert (fault.rule, fault.asker) == ("filter_uses_an_index", Asker.PAGE)
        assert str(fault) == (
            "a customer's page sends MongoDB a statement that reads all of subscriptions_customer: no index "
            "begins with what it filters by (name) [filter_uses_an_index]:\n"
            '    read subscriptions_customer [{"$match": {"name": "?"}}, '
            '{"$sort": {"stripe_created_at": -1, "_id": 1}}]'
        )
        assert recorder.taken() == []

    def test_of_a_good_statement_there_are_none(self, on_a_page: None) -> None:
        list(Customer.objects.filter(pk="cus_1"))
        assert recorder.taken() == []

    def test_fail_the_test_that_sent_the_statement(self, pytester: pytest.Pytester) -> None:
        fault = Fault("a_rule", "is bad", Asker.PAGE, "read shop []")
        pytester.makeconftest(
            """
            from tests.mongo import plugin
            from tests.mongo.recorder import recorder

            pytest_runtest_makereport = plugin.pytest_runtest_makereport
            """
        )
        pytester.makepyfile(
            """
            from tests.mongo.askers import Asker
            from tests.mongo.recorder import Fault, recorder

            def test_bad():
                recorder.faults.append(Fault("a_rule", "is bad", Asker.PAGE, "read shop []"))

            def test_good():
                pass
            """
        )
        result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:django", "-p", "no:xdist")
        result.assert_outcomes(passed=2, errors=1)
        result.stdout.fnmatch_lines([str(fault).splitlines()[0]])
