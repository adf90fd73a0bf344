"""The API: answers each call under /v1/, with the routes of `MODULES`.

A call passes, in this order: API key and version, route, faults set by a control, idempotency, parameters, the route's
function, expansion, and the check of the answer's types.
"""

import logging
import time
from collections.abc import Callable
from functools import cache, partial
from http import HTTPStatus
from urllib.parse import unquote_plus

from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from sandbox.accounts import routes as account_routes
from sandbox.catalog import plan_routes, price_routes, product_routes
from sandbox.catalog.discounts import coupon_routes, promotion_code_routes
from sandbox.catalog.meters import event_routes as meter_event_routes
from sandbox.catalog.meters import routes as meter_routes
from sandbox.checkout import routes as checkout_routes
from sandbox.checkout.links import routes as link_routes
from sandbox.core.account import API_VERSION, Cause
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.customers import balance_routes as customer_balance_routes
from sandbox.customers import routes as customer_routes
from sandbox.customers import source_routes, tax_id_routes
from sandbox.events import endpoint_routes, thin
from sandbox.events import routes as event_routes
from sandbox.http import contract, expansion, idempotency
from sandbox.http.call import Call
from sandbox.http.faults import Fault
from sandbox.http.idempotency import Answer
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.http.searching import routes as search_routes
from sandbox.http.versions import former_calls, translation
from sandbox.invoices import routes as invoice_routes
from sandbox.invoices.credit_notes import routes as credit_note_routes
from sandbox.invoices.drafts import line_routes
from sandbox.invoices.items import routes as invoice_item_routes
from sandbox.invoices.payments import routes as invoice_payment_routes
from sandbox.local_stripe import LocalStripe
from sandbox.payments import payment_method_routes
from sandbox.payments import routes as payment_routes
from sandbox.payments.balance import routes as balance_routes
from sandbox.payments.disputes import routes as dispute_routes
from sandbox.payments.intents import routes as payment_intent_routes
from sandbox.payments.refunds import routes as refund_routes
from sandbox.payments.setup_intents import routes as setup_intent_routes
from sandbox.portal import configuration_routes, session_routes
from sandbox.subscriptions import item_routes
from sandbox.subscriptions import routes as subscription_routes
from sandbox.subscriptions.pausing import routes as pausing_routes
from sandbox.subscriptions.previews import routes as preview_routes
from sandbox.subscriptions.schedules import routes as schedule_routes
from sandbox.test_clocks import routes as test_clock_routes

log = logging.getLogger("sandbox")

MODULES = [
    product_routes,
    price_routes,
    plan_routes,
    meter_routes,
    meter_event_routes,
    coupon_routes,
    promotion_code_routes,
    customer_routes,
    source_routes,
    customer_balance_routes,
    tax_id_routes,
    checkout_routes,
    link_routes,
    subscription_routes,
    item_routes,
    pausing_routes,
    schedule_routes,
    invoice_routes,
    line_routes,
    invoice_item_routes,
    invoice_payment_routes,
    credit_note_routes,
    preview_routes,
    payment_routes,
    payment_intent_routes,
    setup_intent_routes,
    balance_routes,
    dispute_routes,
    payment_method_routes,
    refund_routes,
    configuration_routes,
    session_routes,
    event_routes,
    endpoint_routes,
    search_routes,
    account_routes,
    test_clock_routes,
]
ANSWERED_VERSION = "Sandbox-Answered-Version"  # The version of the answer's shape, if the call named another.
DASHBOARD, REQUEST_LOG = "https://dashboard.stripe.com", "test/workbench/logs"
THIN_EVENTS = "/v2/core/events"
WHOLLY_CHECKED = 10  # Longer lists are sampled: each object was checked when it was written.
CHECKED_OF_LONGER = 3


def routes() -> Routes:
    """Return all routes of the API."""
    return [route for module in MODULES for route in module.ROUTES]


@cache
def _routes() -> Map:
    # Cached for all sandboxes, because compiling takes longer than most calls.
    rules = [Rule(rule, methods=[method], endpoint=function) for method, rule, function in routes()]
    return Map(rules, strict_slashes=True, merge_slashes=False)


class Api:
    """Answers the API calls of one sandbox."""

    def __init__(self, sandbox: LocalStripe) -> None:
        self.sandbox = sandbox
        self.account = sandbox.account

    def respond(self, call: Call) -> Response:
        """Answer the call. Raises ConnectionLost for a fault that loses the connection."""
        try:
            answer = self._answer(call)
        except ApiError as error:
            answer = self._refusal(call, error)
        time.sleep(self.sandbox.delays.date_delay)
        return self._response(call, answer)

    def respond_v2(self, call: Call) -> Response:
        """Answer a call under /v2/: only `GET /v2/core/events/<id>` is supported."""
        try:
            call.check()
            self.sandbox.calls[f"{call.method} {call.path}"] += 1
            collection, _, event_id = call.path.rpartition("/")
            if (call.method, collection) != ("GET", THIN_EVENTS):
                raise ApiError.unsupported(call.method, call.path)
            with self.sandbox.transaction():
                answer = Answer.of(thin.retrieve(self.account, event_id))
        except ApiError as error:
            answer = Answer.refusal(error)
        return self._response(call, answer)

    def _answer(self, call: Call) -> Answer:
        call.check()
        self._note_version(call.version)
        operation = self._operation(call)
        run = self._function(call)
        fault = self.sandbox.faults.take(call)
        if fault and fault.fails_before:
            raise fault.error()
        with self.sandbox.keys_in_use.reserve(call.idempotency_key):
            time.sleep(self.sandbox.delays.latency_ms / 1000)
            with self.sandbox.transaction(Cause(call.request_id, call.idempotency_key)):
                answer = self._answer_once(call, operation, run, fault)
        if fault and fault.fails_after:
            raise fault.error()
        return answer

    def _note_version(self, version: str) -> None:
        """Log once for each other version that its calls are answered in the shape of the installed SDK's."""
        if version != API_VERSION and version not in self.sandbox.other_versions:
            self.sandbox.other_versions.add(version)
            log.info("A program asks for API version %s; it is answered in %s.", version, API_VERSION)

    def _operation(self, call: Call) -> contract.Operation:
        """Return Stripe's operation at this path, and count the call. Raises ApiError (404) if there is none."""
        operation = contract.operation(*former_calls.target(call))
        self.sandbox.calls[f"{call.method} {operation.template if operation else call.path}"] += 1
        if operation is None:
            raise ApiError.unrecognized_url(call.method, call.path)
        return operation

    def _function(self, call: Call) -> Callable[[Params], Object]:
        """Return the route's function, which takes the parameters. Raises ApiError if there is no such route."""
        method, path = former_calls.target(call)
        try:
            function, encoded = _routes().bind("sandbox").match(path, method)
        except HTTPException:
            raise ApiError.unsupported(call.method, call.path) from None
        # The SDKs write a space in an id as a plus sign.
        path_ids = {name: unquote_plus(text) for name, text in encoded.items()}
        return partial(function, self.account, **path_ids)

    def _answer_once(
        self, call: Call, operation: contract.Operation, run: Callable[[Params], Object], fault: Fault | None
    ) -> Answer:
        """Return the answer saved under the call's idempotency key, or else execute the call and save its answer.

        A call with malformed parameters saves none.
        """
        if kept := idempotency.find(self.account, call):
            return kept
        params = contract.coerce(operation, translation.translated(self.account, operation, call))
        answer = self._execute(call, run, params, fault)
        idempotency.save(self.account, call, answer)
        return answer

    def _execute(self, call: Call, run: Callable[[Params], Object], params: Params, fault: Fault | None) -> Answer:
        expand = params.pop("expand", [])
        try:
            with self.account.attempt():
                if fault and fault.is_server_error and not fault.after:
                    raise fault.error()
                shown = expansion.expand(self.account, run(params), expand)
                contract.check(self.account, _sample(shown))
            if fault and fault.is_server_error:
                raise fault.error()
        except ApiError as error:
            return self._refusal(call, error)
        return Answer.of(shown)

    def _refusal(self, call: Call, error: ApiError) -> Answer:
        """Return the answer for an error, with the request's page in Stripe's dashboard if the API key was right."""
        if error.status != HTTPStatus.UNAUTHORIZED:
            error.extra["request_log_url"] = f"{DASHBOARD}/{self.account.id}/{REQUEST_LOG}?object={call.request_id}"
        return Answer.refusal(error)

    def _response(self, call: Call, answer: Answer) -> Response:
        response = Response(answer.body + "\n", status=answer.status, mimetype="application/json")
        response.headers["Request-Id"] = call.request_id
        response.headers["Date"] = http_date(self.account.clock.now())
        response.headers["Stripe-Version"] = call.version
        if call.version != API_VERSION:
            response.headers[ANSWERED_VERSION] = API_VERSION
        if call.idempotency_key:
            response.headers["Idempotency-Key"] = call.idempotency_key
            if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                response.headers["Stripe-Should-Retry"] = "false"  # A retry with the same key gets the same answer.
        if answer.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response


def _sample(shown: Object) -> Object:
    is_long = shown["object"] in expansion.LISTS and len(shown["data"]) > WHOLLY_CHECKED
    return {**shown, "data": shown["data"][:CHECKED_OF_LONGER]} if is_long else shown
