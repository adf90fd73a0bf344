"""What a sync did, in one line for people and logs."""

from subscriptions.models import SyncRun


def of(run: SyncRun) -> str:
    kind = "Full sync" if run.is_full else "Sync"
    outcome = "complete" if run.is_complete else "NOT complete"
    trouble = f" ({run.error})" if run.error else ""
    return f"{kind} {outcome}: {', '.join(_parts(run))}{trouble}."


def _parts(run: SyncRun) -> list[str]:
    parts = [
        counted(run.events, "event"),
        f"{counted(run.looked_at, 'subscription')} {'compared' if run.is_full else 'looked at'}",
        f"{run.updated:,} updated",
    ]
    if run.is_full:
        parts += [_drift(run.drift), f"{run.unknown:,} unknown to Stripe"]
    parts.append(f"{run.failed:,} failed{' (the next pass tries again)' if run.failed else ''}")
    if run.archived:
        parts.append(f"{counted(run.archived, 'customer')} put away")
    return [*parts, f"{counted(run.stripe_calls, 'Stripe call')} in {_seconds(run)} s"]


def _drift(rows: int) -> str:
    return f"drift {counted(rows, 'row')} (no webhook or event had told of them)" if rows else "no drift"


def counted(number: int, noun: str) -> str:
    """ "1 event", "1,200 events"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _seconds(run: SyncRun) -> str:
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0
    return f"{seconds:.2f}" if seconds < 1 else f"{seconds:,.1f}"
