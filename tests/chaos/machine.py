"""Customers, staff, Stripe's clock and trouble, all at once.

A rule is one step or several. What a step does is drawn as one number, of which `Choice` takes what it needs.
"""

import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.chaos import final_state, pages, row_checks
from tests.chaos.answers import check_answer
from tests.chaos.billing_edits import BILLING_EDITS
from tests.chaos.dashboard import DAY, EDITS, Dashboard
from tests.chaos.orders import Choice, Orders, sealed
from tests.chaos.processes import Answer, Killed, Processes, Worker
from tests.chaos.row_checks import Broken, RowChecks

numbers = st.integers(0, 2**40)
# Most orders have a dozen stop points, a sync may have a hundred.
stop_points = st.one_of(st.integers(1, 10), st.integers(1, 40))

ACTS = ("buy", "buy", "return", "change", "change", "cancel", "resume", "undo", "deliver", "deliver", "sync")
SPANS = (1, 1, 2, 2, 5, 40, 130, 400, 3700, DAY, 7 * DAY, 32 * DAY)
EVERYTHING_EXPIRES = 600


class Chaos(RuleBasedStateMachine):
    """One run: an empty database and an empty Stripe, and then some bad months."""

    processes: ClassVar[Processes]
    tally: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.processes.begin()
        self.row_checks = RowChecks(self.processes.database)
        self.purchases = final_state.Purchases()
        self.orders = Orders(self.processes.people)
        self.dashboard = Dashboard(self.processes.stripe, self.orders, self.purchases)
        self.journal: deque[str] = deque(maxlen=250)
        self.beyond_reach: set[str] = set()
        self.stalled: list[tuple[Answer, Worker]] = []
        self.idle: list[Worker] = []
        self.past, self.now, self.is_broken = 0, 0, False
        self.tally["examples"] += 1

    @initialize(loses_mail=st.booleans())
    def open_shop(self, *, loses_mail: bool) -> None:
        self.loses_mail = loses_mail
        with self.step("open the shop"):
            self.dashboard.open_shop()
            self.hear()
            self.do({"do": "sync", "full": True})

    # --- Rules ---------------------------------------------------------------

    @rule(act=st.sampled_from(ACTS), number=numbers)
    def act(self, act: str, number: int) -> None:
        """One process does one thing, undisturbed."""
        if order := self.orders.make(act, Choice(number)):
            with self.step(act):
                self.do(order)

    @rule(number=numbers, count=st.integers(1, 6))
    def deliver(self, number: int, count: int) -> None:
        """The next deliveries, in whatever order."""
        choice = Choice(number)
        for _ in range(count):
            if order := self.orders.make("deliver", choice):
                with self.step("deliver"):
                    self.do(order)

    @rule(act=st.sampled_from(ACTS), number=numbers, stop_point=stop_points)
    def killed(self, act: str, number: int, stop_point: int) -> None:
        """A process is killed at a write or a call."""
        if order := self.orders.make(act, Choice(number)):
            with self.step(f"{act}, killed at {stop_point}"):
                self.do(order, kill_at=stop_point)

    @rule(act=st.sampled_from(ACTS), number=numbers, stop_point=stop_points)
    def stalls(self, act: str, number: int, stop_point: int) -> None:
        """A process stands still at a write or a call, while everything else goes on."""
        order = self.orders.make(act, Choice(number)) if len(self.stalled) < 2 else None
        if order:
            with self.step(f"{act}, stalls at {stop_point}"):
                self.stall(order, stop_point)

    @rule(number=numbers)
    def wakes(self, number: int) -> None:
        """A process that stood still goes on as if nothing had been, or dies."""
        if self.stalled:
            choice = Choice(number)
            with self.step("wakes"):
                self.wake(choice.of(range(len(self.stalled))), lives=choice.of((True, True, True, False)))  # type: ignore[arg-type]

    @rule(act=st.sampled_from(ACTS), number=numbers, stop_point=stop_points, other=numbers)
    def meanwhile(self, act: str, number: int, stop_point: int, other: int) -> None:
        """While one process stands still, another does the same, or what it is about changes under its hands."""
        order = self.orders.make(act, Choice(number))
        if not order or self.stalled:
            return
        with self.step(f"{act}, stalls at {stop_point}"):
            self.stall(order, stop_point)
        choice = Choice(other)
        match choice.of(("same", "news", "news", "other")):
            case "same":
                self.rival(order)
            case "news":
                self.change_under(order, choice)
            case "other":
                self.rival(self.orders.make(choice.of(ACTS), choice))
        if self.stalled:
            with self.step("goes on"):
                self.wake(0, lives=True)

    @rule(first=st.sampled_from(ACTS), second=st.sampled_from(ACTS), number=numbers, death=st.integers(0, 40))
    def at_once(self, first: str, second: str, number: int, death: int) -> None:
        """Two processes, let go together; the first one may be killed from outside, at any moment."""
        choice = Choice(number)
        is_same = choice.of((True, False))
        order = self.orders.make(first, choice)
        other = order if is_same else self.orders.make(second, choice)
        if order and other:
            with self.step(f"{first} and {second} at once", steps=2):
                self.do_at_once(order, other, death=death / 1000 if death < 20 else None)

    @rule(number=numbers)
    def pay(self, number: int) -> None:
        with self.step("pay"):
            self.note(self.dashboard.pay(Choice(number)))

    @rule(what=st.sampled_from((*EDITS, *BILLING_EDITS, *BILLING_EDITS)), number=numbers)
    def edit(self, what: str, number: int) -> None:
        self._edit(what, Choice(number))

    @rule(span=st.sampled_from(SPANS))
    def travel(self, span: int) -> None:
        with self.step(f"{span} s pass"):
            if span >= DAY:
                self.beyond_reach |= final_state.unheard_customers(
                    self.orders.objects["customer"], self.processes.database
                )
            self.processes.stripe.control("clock", advance=span)

    @rule(
        status=st.sampled_from((429, 500, "reset", "reset", "timeout")), count=st.integers(1, 3), after=st.booleans()
    )
    def fault(self, status: int | str, count: int, after: bool) -> None:  # noqa: FBT001
        count = 1 if status == "timeout" else count
        with self.step(f"{count} x {status}, after: {after}"):
            self.processes.stripe.control("faults", status=status, count=count, after=after)

    @rule(
        mode=st.sampled_from(("deliver", "deliver", "release", "release", "hold", "drop")),
        duplicate=st.sampled_from((0, 0, 0, 1)),
        shuffle=st.booleans(),
    )
    def mail(self, mode: str, duplicate: int, shuffle: bool) -> None:  # noqa: FBT001
        with self.step(f"mail: {mode}, {duplicate} copies, shuffled: {shuffle}"):
            if mode == "release":
                mode = "deliver"
                self.processes.stripe.control("webhooks/release")
            self.processes.stripe.control("webhooks", mode=mode, duplicate=duplicate, shuffle=shuffle)

    # --- What the rules are made of ------------------------------------------

    @contextmanager
    def step(self, what: str, *, steps: int = 1) -> Iterator[None]:
        self.note(what)
        self.tally["steps"] += steps
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
        worker.start({**sealed(order), "now": self.now, "kill_at": kill_at})
        self.finish(order, worker, before, may_die=bool(kill_at))

    def hire(self) -> Worker:
        """A process that has nothing to do, or a new one."""
        return self.idle.pop() if self.idle else self.processes.fork()

    def finish(self, order: Answer, worker: Worker, before: str = "", *, may_die: bool = False) -> None:
        """Hear out a worker; it is idle then, stands still, or is dead."""
        try:
            answer = worker.finish()
        except Killed:
            worker.hang_up()
            self.tally["killed"] += 1
            self.note(f"  killed: {_said(order)}")
            if not may_die:
                raise Broken("no process fails of itself", f"nobody killed {_said(order)}") from None
            return
        if "paused" in answer:
            self.tally["stalled"] += 1
            self.note(f"  {_said(order)} stands still {answer['paused']}")
            self.stalled.append((order, worker))
            return
        self.idle.append(worker)
        self.note(f"  {_said(order)} -> {answer}")
        if order["do"] == "webhook" and answer.get("status") == 200:
            self.orders.arrived(order["event"])
        self.orders.sent_to(answer.get("location", ""))
        check_answer(order, answer, before)

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

    # --- The end -------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if not self.is_broken and self.past:
                self._heal()
                with self.step("all is quiet"):
                    final_state.check(self.processes.stripe, self.processes.database, beyond_reach=self.beyond_reach)
                    row_checks.check_history(self.processes.database)
                    self._check_pages()
        finally:
            for worker in [*self.idle, *(worker for _, worker in self.stalled)]:
                worker.hang_up()

    def _check_pages(self) -> None:
        stripe = self.processes.stripe
        subscriptions = stripe.every("/v1/subscriptions", status="all")
        people, disputes = len(self.processes.people), stripe.every("/v1/disputes")
        read = partial(self._read, self.now)
        self.tally["judged"] += pages.check(read, people, subscriptions, disputes)

    def _read(self, now: int, person: int, path: str) -> Answer:
        worker = self.hire()
        worker.start({"do": "read", "user": person, "path": path, "now": now})
        answer = worker.finish()
        self.idle.append(worker)
        return answer

    def _heal(self) -> None:
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


def _said(order: Answer) -> str:
    kept = {name: value for name, value in order.items() if name != "body"}
    return " ".join(str(value) for value in kept.values())


__all__ = ["Broken", "Chaos"]
