import timeit
from copy import deepcopy

import pytest
from stripe._object_classes import OBJECT_CLASSES, get_object_class

from sandbox.http.contract import shapes, violations
from tests.sandbox.http.contract.answers import (
    EVENT,
    INVOICE,
    ITEM,
    LIST,
    PLAN,
    PRICE,
    PRODUCT,
    SESSION,
    SUBSCRIPTION,
)
from tests.wording import starting

CORRECT = [PRODUCT, PRICE, PLAN, ITEM, SUBSCRIPTION, INVOICE, SESSION, EVENT, LIST]


def changed(original, path, *value):
    """Copy an object with the member at a dotted path replaced, or removed when no value is given."""
    copy = deepcopy(original)
    *parents, last = path.split(".")
    level = copy
    for parent in parents:
        level = level[int(parent) if parent.isdigit() else parent]
    if value:
        level[last] = value[0]
    else:
        del level[last]
    return copy


class TestCorrectAnswers:
    @pytest.mark.parametrize("answer", CORRECT, ids=lambda answer: answer["object"])
    def test_have_no_violations(self, answer):
        assert violations(answer) == []

    @pytest.mark.parametrize(
        "answer",
        [
            {"id": "cus_1", "object": "customer", "deleted": True},
            changed(SUBSCRIPTION, "customer", {"id": "cus_1", "object": "customer", "deleted": True}),
            changed(SUBSCRIPTION, "latest_invoice", INVOICE),
            changed(PRICE, "product", PRODUCT),
            changed(PRICE, "unit_amount_decimal", "0.05"),
            {"object": "list", "data": [], "has_more": True, "url": "/v1/events"},
            {"object": "search_result", "data": [PRODUCT], "has_more": False, "next_page": None, "url": "/v1/x"},
        ],
    )
    def test_may_be_deleted_expanded_or_empty(self, answer):
        assert violations(answer) == []


class TestMistakes:
    @pytest.mark.parametrize(
        ("answer", "found"),
        [
            (
                changed(SUBSCRIPTION, "current_period_end", 1),
                "subscription.current_period_end: not a field of Subscription",
            ),
            (changed(SUBSCRIPTION, "plan", PLAN), "subscription.plan: not a field of Subscription"),
            (changed(SUBSCRIPTION, "discount", None), "subscription.discount: not a field of Subscription"),
            (
                changed(SUBSCRIPTION, "items.data.0.current_period_end"),
                "subscription.items.data[0].current_period_end: missing",
            ),
            (changed(SUBSCRIPTION, "status", "cancelled"), "subscription.status: 'cancelled'"),
            (changed(SUBSCRIPTION, "metadata", None), "subscription.metadata: null"),
            (changed(SUBSCRIPTION, "billing_mode"), "subscription.billing_mode: missing"),
            (changed(SUBSCRIPTION, "billing_mode.type", "new"), "subscription.billing_mode.type: 'new'"),
            (changed(INVOICE, "payment_intent", "pi_1"), "invoice.payment_intent: not a field of Invoice"),
            (changed(INVOICE, "paid", True), "invoice.paid: not a field of Invoice"),
            (changed(INVOICE, "charge", "ch_1"), "invoice.charge: not a field of Invoice"),
            (changed(INVOICE, "total", "1900"), "invoice.total: '1900'"),
            (changed(INVOICE, "total", 19.0), "invoice.total: 19.0"),
            (changed(INVOICE, "total", True), "invoice.total: True"),
            (changed(INVOICE, "attempted", 1), "invoice.attempted: 1"),
            (changed(INVOICE, "lines.has_more"), "invoice.lines.has_more: missing"),
            (changed(INVOICE, "lines.url"), "invoice.lines.url: missing"),
            (changed(INVOICE, "lines.data", [PRICE]), "invoice.lines.data[0]: price where InvoiceLineItem belongs"),
            (changed(INVOICE, "lines", []), "invoice.lines: []"),
            (changed(SESSION, "ui_mode", "hosted"), "checkout.session.ui_mode: 'hosted'"),
            (changed(SESSION, "custom_text", "none"), "checkout.session.custom_text: 'none'"),
            (changed(LIST, "has_more"), "list.has_more: missing"),
            (changed(LIST, "url"), "list.url: missing"),
            (changed(LIST, "total_count", "2"), "list.total_count: '2'"),
            (changed(LIST, "count", 2), "list.count: not a field of ListObject"),
            (changed(LIST, "data.1.status", "gone"), "list.data[1].status: 'gone'"),
            (changed(PRICE, "product", PLAN), "price.product: plan where Product belongs"),
            (changed(PRICE, "unit_amount_decimal", 1900), "price.unit_amount_decimal: 1900"),
            (changed(PRICE, "unit_amount_decimal", "1.9E+3"), "price.unit_amount_decimal: '1.9E+3'"),
            (changed(PRICE, "metadata.tier", 2), "price.metadata.tier: 2"),
            (changed(PRODUCT, "images", ["a", None]), "product.images[1]: null"),
            (changed(PRODUCT, "name", {}), "product.name: {}"),
            (changed(PRODUCT, "object", "products"), "products: not a Stripe object: {'id': 'prod_1', 'object'"),
            (
                {"id": "cus_1", "object": "customer", "deleted": True, "email": "ada@example.com"},
                "customer.email: not on a deleted object",
            ),
            ({"object": "customer", "deleted": True}, "customer.id: missing"),
            (changed(EVENT, "data.object.status", "on"), "event.data.object.status: 'on'"),
            (changed(EVENT, "data.object", "sub_1"), "event.data.object: 'sub_1'"),
            (changed(EVENT, "data.object.object", "subs"), "event.data.object: not a Stripe object: {"),
            (
                changed(EVENT, "data.previous_attributes.plan", None),
                "event.data.previous_attributes.plan: not a field of Subscription",
            ),
            (changed(EVENT, "data"), "event.data: missing"),
            ({}, "answer: not a Stripe object: {}"),
        ],
    )
    def test_are_found_with_their_path(self, answer, found):
        lines = violations(answer)
        assert lines
        assert lines[0] == starting(found)

    def test_are_all_reported_at_once(self):
        answer = changed(changed(INVOICE, "total", "x"), "paid", True)
        assert sorted(violations(answer)) == ["invoice.paid: not a field of Invoice", "invoice.total: 'x'"]


class TestTheSdk:
    def test_has_no_class_that_cannot_be_read(self):
        classes = [get_object_class("V1", name) for name in OBJECT_CLASSES]
        assert len(classes) > 150
        assert all(shapes.fields(cls) for cls in classes)


class TestCost:
    def test_is_low_enough_for_every_answer(self):
        seconds = min(timeit.repeat(lambda: violations(SUBSCRIPTION), number=50, repeat=5)) / 50
        assert seconds < 0.002
