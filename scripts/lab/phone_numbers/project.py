"""The one project of the emulated LiveKit Cloud: its plan, its dispatch rules, its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from lab.phone_numbers.inventory import ITEMS, Item
from lab.phone_numbers.twirp import TwirpError

FREE_NUMBERS = 1


class Rule(BaseModel):
    """A dispatch rule that the project has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    trunk_ids: list[str] = []


class Holding(BaseModel):
    """A number that the project has, or had; `offline` without a rule, as Cloud has it."""

    model_config = ConfigDict(extra="forbid")

    e164: str
    rule_ids: list[str] = []
    provisioning: bool = False
    released_at: datetime | None = None

    @property
    def id(self) -> str:
        """The id under which it was bought."""
        return f"PN_PPN_{self.e164[1:]}"

    @property
    def item(self) -> Item:
        """What number it is."""
        return ITEMS[self.e164]

    @property
    def status(self) -> str:
        """Its status, as the enum's name."""
        if self.released_at:
            return "PHONE_NUMBER_STATUS_RELEASED"
        if self.provisioning:
            return "PHONE_NUMBER_STATUS_PENDING"
        return "PHONE_NUMBER_STATUS_ACTIVE" if self.rule_ids else "PHONE_NUMBER_STATUS_OFFLINE"


class Project(BaseModel):
    """What `PUT /_lab/project` sets: everything, anew."""

    model_config = ConfigDict(extra="forbid")

    plan: Literal["free", "paid"] = "free"
    """The free plan refuses a second number, and toll-free ones."""
    rules: list[Rule] = []
    numbers: list[Holding] = []

    def held(self) -> list[Holding]:
        """The numbers that are not released."""
        return [number for number in self.numbers if number.released_at is None]

    def for_sale(self) -> list[Item]:
        """The numbers that can be bought."""
        held = {number.e164 for number in self.held()}
        return [item for e164, item in ITEMS.items() if e164 not in held]

    def buy(self, wanted: Iterable[str], rule_id: str | None) -> list[Holding]:
        """All of them or none; raises TwirpError."""
        for_sale = {item.e164: item for item in self.for_sale()}
        items = []
        for number in wanted:
            if number not in for_sale:
                raise TwirpError("not_found", f"phone number {number} is not available")
            items.append(for_sale[number])
        toll_free = any(item.type == "PHONE_NUMBER_TYPE_TOLL_FREE" for item in items)
        too_many = len(self.held()) + len(items) > FREE_NUMBERS
        if self.plan == "free" and (too_many or toll_free):
            raise TwirpError("resource_exhausted", "phone number quota exceeded for this project")
        rules = self._rules(rule_id)
        bought = [Holding(e164=item.e164, rule_ids=rules) for item in items]
        self.numbers += bought
        return bought

    def find(self, *, id: str | None = None, e164: str | None = None) -> Holding:
        """A number that is held, by id or number; raises TwirpError."""
        for number in self.held():
            if number.id == id or number.e164 == e164:
                return number
        raise TwirpError("not_found", f"phone number {id or e164} not found")

    def assign(self, number: Holding, rule_id: str | None) -> None:
        """Sends its calls to one rule, or to none; raises TwirpError."""
        number.rule_ids = self._rules(rule_id)

    def release(self, numbers: Iterable[Holding]) -> None:
        """Gives them back."""
        for number in numbers:
            number.released_at = datetime.now(UTC)
            number.rule_ids = []

    def _rules(self, rule_id: str | None) -> list[str]:
        if not rule_id:
            return []
        if rule_id not in {rule.id for rule in self.rules}:
            raise TwirpError("not_found", f"sip dispatch rule {rule_id} not found")
        return [rule_id]
