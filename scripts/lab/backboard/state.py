"""Everything the emulated service has and does at a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from lab.backboard.assistants import Assistant, Assistants
from lab.backboard.behaviour import Behaviour
from lab.backboard.bodies import Rejected
from lab.backboard.facts import facts
from lab.backboard.leg import Leg
from lab.backboard.memories import Operation
from lab.backboard.mind.conversation import spread
from lab.backboard.mind.transcript import Line
from lab.backboard.script import Script
from lab.backboard.sins import committed
from lab.backboard.threads import Run, Thread, Threads
from lab.faults import Control


class State:
    """The state that all endpoints share; all of it may be read and set while it serves.

    Args:
        control: paces the answers and keeps the request log.
    """

    def __init__(self, control: Control) -> None:
        self.control = control
        self.script = Script()
        self.behaviour = Behaviour()
        self.threads = Threads()
        self.assistants = Assistants()
        self.operations: dict[str, Operation] = {}
        self.legs: dict[str, Leg] = {}
        """The answers now being made, by run."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def sins(self) -> list[dict[str, Any]]:
        """What the clients did wrong: index and kind of the request, the sin, and its detail."""
        return [*committed(self.control.requests)]

    def thread(self, thread_id: str) -> Thread:
        """The thread; raises Rejected(404) when there is none."""
        if thread := self.threads.get(thread_id):
            return thread
        raise Rejected(404, "Thread not found")

    def assistant(self, assistant_id: str) -> Assistant:
        """The assistant; raises Rejected(404) when there is none."""
        if assistant := self.assistants.get(assistant_id):
            return assistant
        raise Rejected(404, "Assistant not found")

    def remember(self, assistant: Assistant, history: list[Line]) -> Operation:
        """Begins to write what the conversation tells of the caller into the memory."""
        operation = Operation()
        self.operations[operation.operation_id] = operation
        lines = [line for said in history for line in spread(said)]
        self._background(self._write(assistant, lines, operation))
        return operation

    async def end(self, run: Run) -> None:
        """Cancels the run, if it has not ended."""
        if leg := self.legs.get(run.run_id):
            await leg.cancel()
        elif run.open:
            run.status = "CANCELLED"

    async def delete(self, thread: Thread) -> None:
        """Removes the thread and ends its runs."""
        self.threads.delete(thread.thread_id)
        for run in thread.runs.values():
            await self.end(run)

    async def close(self) -> None:
        """Stops every answer and everything in the background."""
        for leg in [*self.legs.values()]:
            await leg.abandon()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, assistant: Assistant, lines: list[Line], operation: Operation) -> None:
        await asyncio.sleep(self.behaviour.memory_delay_s)
        found = facts(lines, assistant.custom_fact_extraction_prompt)
        operation.complete(assistant.memories, found)
