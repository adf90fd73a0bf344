"""Receive events from Stripe."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.gateway import WebhookRejected
from subscriptions.webhooks import inbox


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """200: done, now or before. 400: not a signed event. 409: another process has it. 500: failed, Stripe retries."""
    try:
        entry = inbox.receive(body=request.body, signature=request.headers.get("Stripe-Signature", ""))
    except RequestDataTooBig:
        return JsonResponse({"error": "The body is too large."}, status=400)
    except WebhookRejected as error:
        return JsonResponse({"error": str(error)}, status=400)
    except inbox.BeingHandled:
        return JsonResponse({"error": "This event is being handled right now."}, status=409)
    except Exception as error:  # noqa: BLE001  (recorded and logged by the inbox; the answer makes Stripe come again)
        return JsonResponse({"error": type(error).__name__}, status=500)
    return JsonResponse({"state": entry.state})
