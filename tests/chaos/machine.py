"""Customers, staff, Stripe's clock and trouble, all at once.

A rule is one step or several. What a step does is drawn as one number, of which `Choice` takes what it needs.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.chaos.billing_edits import BILLING_EDITS
from tests.chaos.buyer_edits import BUYER_EDITS
from tests.chaos.dashboard import EDITS
from tests.chaos.edits import DAY
from tests.chaos.orders import Choice
from tests.chaos.plan_edits import PLAN_EDITS
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.steps import Steps

numbers = st.integers(0, 2**40)
# Most orders have a dozen stop points, a sync may have a hundred.
stop_points = st.one_of(st.integers(1, 10), st.integers(1, 40))

OFTEN = ("buy", "buy", "return", "change", "change", "cancel", "resume", "undo", "deliver", "deliver", "sync")
ACTS = (*OFTEN, *OFTEN, "ask", "ask", "link", "leave")
ALL_EDITS = (*EDITS, *BILLING_EDITS, *BILLING_EDITS, *BUYER_EDITS, *PLAN_EDITS)
SPANS = (1, 1, 2, 2, 5, 40, 130, 400, 3700, DAY, 3 * DAY, 7 * DAY, 32 * DAY)
QUIET_EVERY = 120  # Steps.


class Chaos(Steps, RuleBasedStateMachine):
    """One run: an empty database and an empty Stripe, and then some bad months."""

    @initialize(loses_mail=st.booleans())
    def open_shop(self, *, loses_mail: bool) -> None:
        self.open(loses_mail=loses_mail)

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

    @rule(whats=st.lists(st.sampled_from(ALL_EDITS), min_size=1, max_size=3), number=numbers)
    def edit(self, whats: list[str], number: int) -> None:
        choice = Choice(number)
        for what in whats:
            self._edit(what, choice)

    @rule(span=st.sampled_from(SPANS))
    def travel(self, span: int) -> None:
        with self.step(f"{span} s pass"):
            self.pass_time(span)

    @rule(what=st.sampled_from(("purchase", "purchase", *SCENARIOS)), number=numbers)
    def scenario(self, what: str, number: int) -> None:
        self.note(f"scenario: {what}")
        Scenario(self, Choice(number)).play(what)

    @rule()
    def look_around(self) -> None:
        """Trouble ends for a while, and everything is compared."""
        if self.past and self.steps - self.compared_at >= QUIET_EVERY:
            self.heal()
            self.compare()

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

    # --- The end -------------------------------------------------------------

    def teardown(self) -> None:
        self.close()
