"""Disputes: opened by test cards and a control, decided by evidence, deadlines and a control."""

import pytest

from tests.sandbox.shop import error_of

DAY = 86400


def pay(shop, method="pm_card_visa"):
    given = {"amount": 2900, "currency": "usd", "payment_method": method, "confirm": True}
    return shop.api.payment_intents.create(given)


def disputed(shop, method="pm_card_createDispute"):
    """Return the dispute of a new payment."""
    intent = pay(shop, method)
    return shop.api.disputes.list({"payment_intent": intent.id}).data[0]


def answer(shop, dispute, text, **choices):
    return shop.api.disputes.update(dispute.id, {"evidence": {"uncategorized_text": text}, **choices})


class TestOpen:
    @pytest.mark.parametrize(
        ("method", "reason"),
        [
            ("pm_card_createDispute", "fraudulent"),
            ("pm_card_createDisputeProductNotReceived", "product_not_received"),
        ],
    )
    def test_takes_the_money(self, shop, method, reason):
        dispute = disputed(shop, method)

        assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", reason, 2900)
        (moved,) = dispute.balance_transactions
        assert (moved.amount, moved.fee, moved.net, moved.reporting_category) == (-2900, 1500, -4400, "dispute")
        assert shop.api.charges.retrieve(dispute.charge).disputed
        assert shop.new_types()[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]

    def test_of_an_inquiry_takes_none(self, shop):
        dispute = disputed(shop, "pm_card_createDisputeInquiry")

        assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
        assert (dispute.is_charge_refundable, dispute.payment_method_details.card.case_type) == (True, "inquiry")
        assert shop.new_types()[-1] == "charge.dispute.created"

    def test_by_control(self, shop):
        intent = pay(shop)

        dispute = shop.control("disputes", payment_intent=intent.id, reason="duplicate", amount=1000)

        assert (dispute["reason"], dispute["amount"], dispute["charge"]) == ("duplicate", 1000, intent.latest_charge)
        assert shop.ask("disputes", charge=intent.latest_charge).status_code == 400

    def test_needs_a_payment(self, shop):
        intent = shop.api.payment_intents.create({"amount": 2900, "currency": "usd"})

        assert shop.ask("disputes", payment_intent=intent.id).status_code == 400
        assert shop.ask("disputes").status_code == 400


class TestEvidence:
    @pytest.mark.parametrize(
        ("text", "status", "events"),
        [
            ("winning_evidence", "won", ["charge.dispute.closed", "charge.dispute.funds_reinstated"]),
            ("losing_evidence", "lost", ["charge.dispute.closed"]),
        ],
    )
    def test_decides(self, shop, text, status, events):
        dispute = disputed(shop)
        shop.forget_events()

        assert answer(shop, dispute, text).status == "under_review"

        decided = shop.api.disputes.retrieve(dispute.id)
        assert (decided.status, decided.evidence_details.submission_count) == (status, 1)
        assert sum(moved.amount for moved in decided.balance_transactions) == (0 if status == "won" else -2900)
        assert shop.new_types() == ["charge.dispute.updated", *events]

    def test_can_be_kept_for_later(self, shop):
        dispute = disputed(shop)

        kept = answer(shop, dispute, "winning_evidence", submit=False)

        assert (kept.status, kept.evidence_details.has_evidence) == ("needs_response", True)
        shop.api.disputes.update(dispute.id, {"submit": True})
        assert shop.api.disputes.retrieve(dispute.id).status == "won"

    def test_of_other_words_loses_after_a_review(self, shop):
        dispute = disputed(shop)
        answer(shop, dispute, "They have it.")

        shop.advance(days=59)
        assert shop.api.disputes.retrieve(dispute.id).status == "under_review"
        shop.advance(days=1)
        assert shop.api.disputes.retrieve(dispute.id).status == "lost"

    def test_is_not_taken_twice(self, shop):
        dispute = disputed(shop)
        answer(shop, dispute, "They have it.")

        assert error_of(answer, shop, dispute, "winning_evidence").http_status == 400

    def test_escalates_an_inquiry(self, shop):
        dispute = disputed(shop, "pm_card_createDisputeInquiry")
        answer(shop, dispute, "escalate_inquiry_evidence")

        escalated = shop.api.disputes.retrieve(dispute.id)

        assert (escalated.status, escalated.is_charge_refundable) == ("needs_response", False)
        assert shop.new_types()[-1] == "charge.dispute.funds_withdrawn"

    def test_files_are_refused_by_name(self, shop):
        error = error_of(shop.api.disputes.update, disputed(shop).id, {"evidence": {"receipt": "file_1"}})

        assert (error.code, error.param) == ("sandbox_unsupported", "evidence[receipt]")


class TestEnd:
    def test_comes_at_the_deadline(self, shop):
        dispute = disputed(shop)

        shop.move_to(dispute.evidence_details.due_by)

        lost = shop.api.disputes.retrieve(dispute.id)
        assert (lost.status, lost.evidence_details.past_due) == ("lost", True)
        assert shop.new_types()[-1] == "charge.dispute.closed"

    def test_of_an_inquiry_comes_after_120_days(self, shop):
        dispute = disputed(shop, "pm_card_createDisputeInquiry")

        shop.advance(days=120)

        assert shop.api.disputes.retrieve(dispute.id).status == "warning_closed"

    def test_comes_by_accepting_it(self, shop):
        dispute = disputed(shop)

        assert shop.api.disputes.close(dispute.id).status == "lost"
        assert error_of(shop.api.disputes.close, dispute.id).http_status == 400

    @pytest.mark.parametrize("outcome", ["won", "lost"])
    def test_comes_by_control(self, shop, outcome):
        dispute = disputed(shop)

        assert shop.control(f"disputes/{dispute.id}", outcome=outcome)["status"] == outcome
        assert shop.ask(f"disputes/{dispute.id}", outcome=outcome).status_code == 400
        assert shop.ask(f"disputes/{dispute.id}").status_code == 400


class TestRefund:
    def test_is_refused_during_a_dispute(self, shop):
        error = error_of(shop.api.refunds.create, {"charge": disputed(shop).charge})

        assert (error.http_status, error.code) == (400, "charge_disputed")

    def test_ends_an_inquiry(self, shop):
        dispute = disputed(shop, "pm_card_createDisputeInquiry")

        shop.api.refunds.create({"charge": dispute.charge})

        assert shop.api.disputes.retrieve(dispute.id).status == "warning_closed"
