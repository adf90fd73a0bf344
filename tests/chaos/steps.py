"""What the rules of the chaos run are made of: one step at a time, with the checks that follow each."""

import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import ClassVar

from tests.chaos import columns, final_state, pages, promises, row_checks
from tests.chaos.answers import check_answer
from tests.chaos.columns import SUBSCRIPTION, Object
from tests.chaos.dashboard import Dashboard
from tests.chaos.edits import DAY
from tests.chaos.orders import Choice, Orders, sealed
from tests.chaos.processes import Answer, Killed, Processes, Worker
from tests.chaos.purchases import Purchases
from tests.chaos.row_checks import Broken, RowChecks
from tests.chaos.truth import AtStripe

EVERYTHING_EXPIRES = 600


class Steps:
    """One run: an empty database and an empty Stripe, and the processes that work on them."""

    processes: ClassVar[Processes]
    tally: ClassVar[Counter[str]]
    loses_mail = False

    def __init__(self) -> None:
        super().__init__()
        self.processes.begin()
        self.row_checks = RowChecks(self.processes.database)
        self.orders = Orders(self.processes.people)
        self.purchases = Purchases(self._owner)
        self.dashboard = Dashboard(self.processes.stripe, self.orders, self.purchases)
        self.journal: deque[str] = deque(maxlen=250)
        self.beyond_reach: set[str] = set()
        self.stalled: list[tuple[Answer, Worker]] = []
        self.idle: list[Worker] = []
        self.past, self.now, self.is_broken = 0, 0, False
        self.steps = self.compared_at = 0
        self.tally["examples"] += 1

    def open(self, *, loses_mail: bool) -> None:
        """Begin with a shop that is open, and known here. What is not heard by mail may never be heard."""
        self.loses_mail = loses_mail
        with self.step("open the shop"):
            self.dashboard.open_shop()
            self.hear()
            self.do({"do": "sync", "full": True})

    def close(self) -> None:
        """End with everything compared."""
        try:
            if not self.is_broken and self.past:
                self.heal()
                self.compare()
        finally:
            for worker in [*self.idle, *(worker for _, worker in self.stalled)]:
                worker.hang_up()

    @contextmanager
    def step(self, what: str, *, steps: int = 1) -> Iterator[None]:
        self.note(what)
        self.tally["steps"] += steps
        self.steps += steps
        try:
            yield
            self.hear()
            self.row_checks.look()
        except Exception as error:
            self.is_broken = True
            error.add_note("\n".join(self.journal))
            raise

    def note(self, what: str) -> None:
        self.journal.append(f"{self.now} {what}")

    def _owner(self, customer_id: str) -> int | str:
        person = self.orders.person_of(customer_id)
        return customer_id if person is None else person

    def hear(self) -> None:
        news = self.processes.stripe.news(self.past)
        self.past += len(news["past"])
        self.now = news["now"]
        self.orders.learn(news["past"], news["mail"])
        self.row_checks.learn(news["past"])
        self.purchases.learn(news["past"])

    def do(self, order: Answer, *, kill_at: int = 0) -> None:
        worker = self.hire()
        before = self.row_checks.before(order, self.now)
        is_checked = order["do"] in promises.CHECKED
        subscription = self._as_known(self.orders.subscription_of(order)) if is_checked else None
        if order["do"] == "ask":
            order = {**order, "has_faults": bool(self.processes.stripe.state()["switches"]["faults"])}
        worker.start({**sealed(order), "now": self.now, "kill_at": kill_at})
        answer = self.finish(order, worker, before, may_die=bool(kill_at))
        if answer and is_checked:
            self.hear()
            promises.check(order, answer, subscription, self.orders, self.now)

    def _as_known(self, subscription: Object | None) -> Object | None:
        """Return a subscription if our row says the same: a page can't know what we have not heard of."""
        if subscription is None:
            return None
        rows = columns.by_key(SUBSCRIPTION, self.processes.database.rows(SUBSCRIPTION.table))
        row = rows.get(subscription["id"])
        return None if row is None or SUBSCRIPTION.difference(row, subscription) else subscription

    def hire(self) -> Worker:
        """A process that has nothing to do, or a new one."""
        return self.idle.pop() if self.idle else self.processes.fork()

    def finish(self, order: Answer, worker: Worker, before: str = "", *, may_die: bool = False) -> Answer | None:
        """Hear out a worker and return its answer; it is idle then. None if it stands still, or is dead."""
        try:
            answer = worker.finish()
        except Killed:
            worker.hang_up()
            self.tally["killed"] += 1
            self.note(f"  killed: {_said(order)}")
            if not may_die:
                raise Broken("no process fails of itself", f"nobody killed {_said(order)}") from None
            return None
        if "paused" in answer:
            self.tally["stalled"] += 1
            self.note(f"  {_said(order)} stands still {answer['paused']}")
            self.stalled.append((order, worker))
            return None
        self.idle.append(worker)
        self.note(f"  {_said(order)} -> {_short(answer)}")
        if order["do"] == "webhook" and answer.get("status") == 200:
            self.orders.arrived(order["event"])
        self.orders.sent_to(answer.get("location", ""))
        check_answer(order, answer, before)
        self.orders.done(order, answer)
        if order["do"] == "link" and order["customer"] in self.orders.linked[order["person"]]:
            self.purchases.linked(order["person"], order["customer"])
        return answer

    def stall(self, order: Answer, stop_point: int) -> None:
        worker = self.hire()
        worker.start({**sealed(order), "now": self.now, "pause_at": stop_point})
        self.finish(order, worker)

    def wake(self, index: int, *, lives: bool) -> None:
        order, worker = self.stalled.pop(index)
        if lives:
            worker.wake(self.now)
        else:
            worker.kill()
        self.finish(order, worker, may_die=not lives)

    def do_at_once(self, first: Answer, second: Answer, *, death: float | None) -> None:
        workers = [(first, self.hire()), (second, self.hire())]
        for order, worker in workers:
            worker.start({**sealed(order), "now": self.now})
        if death is not None:
            time.sleep(death)
            workers[0][1].kill()
        for order, worker in workers:
            is_killed = death is not None and worker is workers[0][1]
            self.finish(order, worker, may_die=is_killed)
            if is_killed and worker in self.idle:
                # It answered before it died.
                self.idle.remove(worker)
                worker.hang_up()

    def rival(self, order: Answer | None) -> None:
        if order:
            with self.step(f"meanwhile {order['do']}"):
                self.do(order)

    def change_under(self, order: Answer, choice: Choice) -> None:
        """Change at Stripe what the order is about, and let our other processes hear of it."""
        waiting = len(self.orders.mail)
        with self.step("meanwhile, at Stripe"):
            self.note(f"  {self.dashboard.touch(self.orders.subject_of(order, choice), choice)[:160]}")
        if choice.of((True, False)):
            with self.step("some time passes"):
                self.processes.stripe.control("clock", advance=choice.of((1, 2, 5)))
        if choice.of((True, True, False)):
            for letter in self.orders.mail[waiting:][:3]:
                self.rival(self.orders.delivery(letter))
        else:
            self.rival({"do": "sync", "full": choice.of((False, False, True))})

    def _edit(self, what: str, choice: Choice) -> None:
        with self.step(f"dashboard: {what}"):
            self.note(f"  {self.dashboard.edit(what, choice)[:160]}")

    def pass_time(self, span: int) -> None:
        if span >= DAY:
            customers = self.orders.objects["customer"]
            self.beyond_reach |= final_state.unheard_customers(customers, self.processes.database)
        self.processes.stripe.control("clock", advance=span)

    def _check_pages(self) -> None:
        stripe = self.processes.stripe
        people = [person for person in range(len(self.processes.people)) if person not in self.orders.gone]
        read = partial(self._read, self.now)
        self.tally["judged"] += pages.check(read, people, AtStripe.read(stripe), self.orders.linked)

    def _read(self, now: int, person: int | None, path: str, method: str = "GET") -> Answer:
        worker = self.hire()
        worker.start({"do": "read", "method": method, "user": person, "path": path, "now": now})
        answer = worker.finish()
        self.idle.append(worker)
        return answer

    def heal(self) -> None:
        """Trouble ends: what stood still goes on, what was held comes, or never does; then one sync of everything."""
        stripe = self.processes.stripe
        with self.step("trouble ends"):
            stripe.control("faults")
            stripe.control("webhooks", mode="deliver", duplicate=0, shuffle=False)
            stripe.control("webhooks/release")
            while self.stalled:
                self.wake(0, lives=True)
        if not self.loses_mail:
            for letter in list(self.orders.mail):
                with self.step("deliver"):
                    self.do(self.orders.delivery(letter))
        # Leases and claims of the dead expire by the clock, which is Stripe's and ours.
        with self.step("leases expire"):
            stripe.control("clock", advance=EVERYTHING_EXPIRES)
        with self.step("one sync of everything"):
            self.do({"do": "sync", "full": True, "must": "complete"})

    def compare(self) -> None:
        """Hold our rows, and what people read, against Stripe."""
        stripe, database = self.processes.stripe, self.processes.database
        with self.step("all is quiet"):
            final_state.check(stripe, database, beyond_reach=self.beyond_reach)
            row_checks.check_history(database)
            self._check_pages()
        self.compared_at = self.steps


def _short(answer: Answer) -> Answer:
    return {name: value for name, value in answer.items() if name not in {"promised", "text"} or value == ""}


def _said(order: Answer) -> str:
    kept = {name: value for name, value in order.items() if name not in {"body", "running"}}
    return " ".join(str(value) for value in kept.values())
