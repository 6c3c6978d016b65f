from __future__ import annotations

import asyncio

from livekit.agents import AgentServer, JobRequest
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.protocol import agent as proto_agent

from bot.admission import Admission


class IdleServer(AgentServer):
    """A server without a job, as one that runs would say of itself."""

    @property
    def active_jobs(self) -> list[RunningJobInfo]:
        return []


class Requests:
    """Job requests whose acceptance takes until `assigned` is set, and what became of them."""

    def __init__(self) -> None:
        self.assigned = asyncio.Event()
        self.accepted: list[str] = []
        self.rejected: list[str] = []

    def new(self, job_id: str) -> JobRequest:
        async def on_accept(_: JobAcceptArguments) -> None:
            await self.assigned.wait()
            self.accepted.append(job_id)

        async def on_reject(terminate: bool) -> None:
            assert not terminate  # another worker may take it
            self.rejected.append(job_id)

        return JobRequest(job=proto_agent.Job(id=job_id), on_accept=on_accept, on_reject=on_reject)


async def test_calls_that_arrive_together_are_taken_up_to_the_limit_and_no_further() -> None:
    requests, admission = Requests(), Admission(3)
    admission.load(IdleServer())
    async with asyncio.TaskGroup() as answers:
        for number in range(5):
            answers.create_task(admission.answer(requests.new(f"job-{number}")))
        await asyncio.sleep(0)
        requests.assigned.set()
    assert requests.accepted == ["job-0", "job-1", "job-2"]
    assert requests.rejected == ["job-3", "job-4"]


async def test_a_seat_is_free_again_when_the_acceptance_failed() -> None:
    requests, admission = Requests(), Admission(1)
    requests.assigned.set()
    for number in range(3):
        await admission.answer(requests.new(f"job-{number}"))
    assert requests.rejected == []


def test_an_idle_worker_has_no_load() -> None:
    assert Admission(5).load(IdleServer()) == 0
