"""A worker's side of the talk with the process that follows the store: links what is staged, and obeys.

Rules kept here: a bundle is linked a policy at a time, with the loop in between; the switch to another bundle is one
assignment; a word about a bundle that is not linked yet renews nothing, so that the old one ages and then blocks.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass

from adapters.service.in_force import InForce, universe_as
from adapters.service.messages import Counts, Garbled, Line, Obeys, Piece, Stage, Staged, Word
from engine.decoding import Decoder, Interface
from engine.faults import InputsRefused
from engine.policy import Machine
from engine.published import Refusal
from engine.staging import Linking, retire
from engine.standing import Standing
from rules.types import Field

IN_TURN_S = 0.00005
"""How long the loop waits for its turn while another thread links."""
USUAL_S = sys.getswitchinterval()


@dataclass(slots=True)
class _Staging:
    digest: str
    linking: Linking
    missing: int


class Obeying:
    """Keeps `in_force` as the supervisor says."""

    def __init__(self, in_force: InForce, line: Line, on_counts: Callable[[Counts], None]) -> None:
        self._in_force, self._line, self._on_counts = in_force, line, on_counts
        self._machine: Machine | None = None
        self._staged: Machine | None = None
        self._staging: _Staging | None = None
        self._universe: tuple[Machine | None, bytes, Refusal | None] = (None, b"", None)

    async def run(self) -> None:
        """Obey until the supervisor is gone, or cannot be understood; nothing opens afterwards."""
        try:
            while True:
                await self.take(await self._line.receive())
                await asyncio.sleep(0)  # several messages may have come at once: requests stand between them
        except (EOFError, Garbled):
            self._in_force.refuse(Refusal("supervisor", ""))

    async def take(self, message: object) -> None:
        """Act on one message."""
        match message:
            case Stage():
                self._begin(message)
            case Piece():
                await self._add(message)
            case Word():
                self._obey(message)
            case Counts():
                self._on_counts(message)
            case _:
                raise TypeError(f"{type(message).__name__} is not said to workers")

    def _begin(self, stage: Stage) -> None:
        self._drop_staged()
        try:
            linking = Linking(stage.header, self._machine)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with it, it is told and does not take force
            self._line.send(Staged(stage.digest, f"{type(error).__name__}: {error}"))
            return
        self._staging = _Staging(stage.digest, linking, stage.pieces)
        sys.setswitchinterval(IN_TURN_S)
        gc.disable()  # it would go over all that is being linked again and again, and find nothing

    async def _add(self, piece: Piece) -> None:
        staging = self._staging
        if staging is None or staging.digest != piece.digest:
            return
        try:
            await asyncio.to_thread(staging.linking.add, piece.data)
            staging.missing -= 1
            if staging.missing:
                return
            self._staged = staging.linking.machine()
        except Exception as error:  # noqa: BLE001 -- as above
            self._line.send(Staged(piece.digest, f"{type(error).__name__}: {error}"))
        else:
            self._line.send(Staged(piece.digest))
        self._staging = None
        _keep_from_collections()

    def _obey(self, word: Word) -> None:
        standing = self._in_force.current.standing
        if word.cause:
            refusal = Refusal(word.cause, word.found)
            self._in_force.put(Standing(self._machine, word.revision, word.read_at, standing.max_age, refusal=refusal))
            return
        flips = self._machine is None or self._machine.bundle.digest != word.digest
        if flips and (self._staged is None or self._staged.bundle.digest != word.digest):
            self._in_force.put(standing.troubled(word.trouble or "the policy in force is being compiled"))
            return
        before = self._machine
        if flips:
            self._machine, self._staged = self._staged, None
        universe = word.universe
        renewed = Standing(
            machine=self._machine,
            revision=word.revision,
            read_at=word.read_at,
            max_age=standing.max_age,
            universe=universe,
            valid_until=word.valid_until,
            refusal=self._fault_of(universe),
            trouble=word.trouble,
        )
        self._in_force.put(renewed)
        if flips:
            _settle(before)
        if flips or word.revision != standing.revision:
            self._line.send(Obeys(word.revision, word.digest))

    def _fault_of(self, universe: bytes) -> Refusal | None:
        """Why a universe is none that the policies in force can read."""
        if self._universe[:2] != (self._machine, universe):
            assert self._machine is not None
            self._universe = self._machine, universe, _fault_of(universe, self._machine)
        return self._universe[2]

    def _drop_staged(self) -> None:
        if self._staged is not None:
            retire(self._staged)
        self._staged = None
        if self._staging is not None:
            self._staging = None
            _keep_from_collections()


def _settle(before: Machine | None) -> None:
    """Let go of the bundle before, and keep collections from going over the one in force."""
    if before is not None:
        retire(before)
    gc.freeze()


def _keep_from_collections() -> None:
    """Once something was linked: collect again, but not what stands now."""
    sys.setswitchinterval(USUAL_S)
    gc.freeze()
    gc.enable()


def _fault_of(universe: bytes, machine: Machine) -> Refusal | None:
    fact = machine.bundle.types.facts.get("universe")
    policy = next(iter(machine.policies.values()), None)
    if fact is None or policy is None or "store" not in fact.sources:
        return None
    try:
        reader = Decoder(Interface((Field("universe", fact.type),)), policy.decoder.structs)
        reader.decode(b'{"universe":' + universe_as(fact, universe) + b"}")
    except InputsRefused as refused:
        fault = refused.faults[0]
        place = fault.pointer.removeprefix("/universe").removeprefix("/symbols")
        return Refusal("universe", f"`universe_symbols{place}`: {fault.message}")
    return None
