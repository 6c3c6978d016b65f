"""`bot-admin doctor` against a real livekit-server, the emulated providers and a real worker."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from livekit import api
from livekit.protocol import sip as proto_sip
from typer.testing import CliRunner, Result

from bot_admin.app import app
from lab import daemons
from lab.network import Lab
from lab.ports import PortBlock
from lab.process import Process
from lab.settings import LabSettings, inherited_environment
from lab.stand import provision, start_worker
from tests.checks.emulator import emulated

KEYS = {
    "DEEPGRAM_API_KEY": "deepgram-key-of-this-test",
    "BACKBOARD_API_KEY": "backboard-key-of-this-test",
    "CARTESIA_API_KEY": "cartesia-key-of-this-test",
}
OTHER_SECRET = "another-secret-another-secret-another"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    with Lab(home, PortBlock.auto(), LabSettings.load().livekit_server()) as lab:
        provision(lab)
        yield lab


@dataclass(frozen=True)
class Report:
    """What the doctor said with `--json`."""

    exit_code: int
    verdict: str
    rows: list[dict[str, str]]

    def of(self, check: str) -> list[tuple[str, str]]:
        """Verdict and words of each finding of one check."""
        found = [r for r in self.rows if r["id"] == check]
        assert found, f"there is no check {check}"
        return [(r["verdict"], f"{r['finding']} {r['remedy']}") for r in found]

    def the(self, check: str) -> tuple[str, str]:
        """The only finding of one check."""
        (one,) = self.of(check)
        return one


Doctor = Callable[..., Report]


@pytest.fixture
def environment(lab: Lab, tmp_path: Path) -> dict[str, str]:
    return {
        **lab.environment,
        **KEYS,
        "HOTLINE_RECORDS_DIR": str(tmp_path / "records"),
        "HOTLINE_PROMPTS_DIR": str(tmp_path / "prompts"),
        "HOTLINE_LAB_DIR": str(tmp_path / "labs"),
    }


@pytest.fixture
def doctor(environment: dict[str, str]) -> Doctor:
    """Runs the command with `--json`; no answer may hold a secret."""

    def run(*options: str, **changed: str) -> Report:
        result = invoke({**environment, **changed}, "--json", *options)
        told = json.loads(result.stdout)
        return Report(result.exit_code, told["verdict"], told["checks"])

    return run


def invoke(environment: dict[str, str], *options: str) -> Result:
    result = CliRunner().invoke(app, ["doctor", *options], env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    secrets = {name: value for name, value in environment.items() if name.endswith(("KEY", "RET"))}
    del secrets["LIVEKIT_API_KEY"]
    secrets["HOTLINE_SIP_PASSWORD"] = environment["HOTLINE_SIP_PASSWORD"]
    for name, value in secrets.items():
        assert not value or value not in result.output, name
    return result


@pytest.fixture(scope="module")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated("openai", tmp_path_factory.mktemp("spare")) as url:
        yield f"{url}/v1"


@contextmanager
def fault(lab: Lab, emulator: str, what: str, body: dict[str, Any]) -> Iterator[None]:
    """A fault or behaviour of an emulator, for a while."""
    url = f"{lab.control_url(emulator)}/{what}"
    before = httpx.get(url).json()
    httpx.put(url, json=body).raise_for_status()
    try:
        yield
    finally:
        httpx.delete(url) if what == "faults" else httpx.put(url, json=before)


def test_all_is_well_with_a_worker_and_a_second_model(
    lab: Lab, doctor: Doctor, spare: str, tmp_path: Path
) -> None:
    worker = start_worker(lab, tmp_path)
    try:
        report = doctor(HOTLINE_FALLBACK_MODEL="small", HOTLINE_FALLBACK_BASE_URL=spare)
    finally:
        worker.stop()

    assert {row["verdict"] for row in report.rows} == {"ok"}, report.rows
    assert (report.exit_code, report.verdict) == (0, "ok")
    assert [row["id"] for row in report.rows] == (
        "settings personas livekit clock sip numbers agent deepgram backboard cartesia fallback "
        "plan storage storage warmth".split()
    )
    assert '"hotline" runs here with 0 of 5 seats taken' in report.the("agent")[1]
    assert "1 inbound trunk and 1 dispatch rule" in report.the("sip")[1]
    assert "only a call" in report.the("sip")[1]


def test_without_a_worker_it_warns_and_does_not_fail(doctor: Doctor) -> None:
    report = doctor()

    verdict, words = report.the("agent")
    assert verdict == "warn"
    assert "bot/worker.py" in words
    assert (report.exit_code, report.verdict) == (0, "warn")
    assert report.the("fallback")[0] == "skip"


def test_every_row_has_the_same_five_fields(doctor: Doctor) -> None:
    for row in doctor(HOTLINE_MAX_CALL="3").rows:
        assert set(row) == {"id", "title", "verdict", "finding", "remedy"}
        assert row["verdict"] in {"ok", "warn", "fail", "skip"}
        assert row["finding"].endswith(".")
        assert bool(row["remedy"]) or row["verdict"] in {"ok", "skip"}


def test_for_people_each_finding_is_a_line_with_its_remedy(environment: dict[str, str]) -> None:
    result = invoke({**environment, "HOTLINE_IDLE_PROCESSES": "0", "DEEPGRAM_API_KEY": "wrong"})

    lines = result.stdout.splitlines()
    assert lines[0] == "ok    Settings        All settings can be read."
    (warning,) = [line for line in lines if "Warm processes" in line]
    assert warning.startswith("warn  ")
    assert "Set HOTLINE_IDLE_PROCESSES" in warning
    (failure,) = [line for line in lines if line.startswith("fail")]
    assert "Check DEEPGRAM_API_KEY." in failure
    assert result.stderr.strip() == "11 ok, 1 skip, 2 warn, 1 fail"
    assert result.exit_code == 1


def test_faults_of_the_settings_are_all_named_and_hide_nothing(doctor: Doctor) -> None:
    report = doctor(
        HOTLINE_MAX_CALL="3",
        HOTLINE_IDLE_PROCESSES="many",
        LIVEKIT_API_SECRET="",
        DEEPGRAM_API_KEY="wrong",
    )

    findings = report.of("settings")
    assert {verdict for verdict, _ in findings} == {"fail"}
    words = " ".join(sentence for _, sentence in findings)
    assert "do you mean HOTLINE_MAX_CALLS" in words
    assert "HOTLINE_IDLE_PROCESSES" in words
    assert "LIVEKIT_API_SECRET is missing" in words
    assert len(findings) == 3
    assert report.the("livekit")[0] == "skip"
    assert report.the("deepgram")[0] == "fail"
    assert report.the("cartesia")[0] == "ok"
    assert report.the("clock")[0] == "ok"
    assert report.exit_code == 1


def test_a_broken_persona_is_named(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text("default = true\n")

    findings = doctor(HOTLINE_PERSONAS_DIR=str(tmp_path)).of("personas")

    assert {verdict for verdict, _ in findings} == {"fail"}
    assert "greeting" in " ".join(sentence for _, sentence in findings)


def test_a_wrong_api_secret_is_told_from_a_server_that_is_not_there(doctor: Doctor) -> None:
    refused = doctor(LIVEKIT_API_SECRET=OTHER_SECRET)
    assert refused.the("livekit")[0] == "fail"
    assert "LIVEKIT_API_SECRET" in refused.the("livekit")[1]
    assert refused.the("clock")[0] == "ok"
    assert refused.exit_code == 1

    nowhere = doctor(LIVEKIT_URL="ws://user:password-in-the-url@127.0.0.1:9")
    verdict, words = nowhere.the("livekit")
    assert verdict == "fail"
    assert "127.0.0.1:9 cannot be reached" in words
    assert "LIVEKIT_URL" in words
    for check in ("sip", "numbers"):
        assert nowhere.the(check)[0] == "fail"
    assert nowhere.the("deepgram")[0] == "ok"
    assert "password-in-the-url" not in str(nowhere)


def test_something_that_is_no_livekit_is_told(lab: Lab, doctor: Doctor) -> None:
    report = doctor(LIVEKIT_URL=f"http://127.0.0.1:{lab.ports.cartesia}")
    assert report.the("livekit")[0] == "fail"
    assert "HTTP 404" in report.the("livekit")[1]


@pytest.mark.parametrize(
    ("ahead_s", "verdict"), [(0, "ok"), (-30, "warn"), (30, "warn"), (-300, "fail"), (300, "fail")]
)
def test_a_clock_that_is_wrong_is_told(doctor: Doctor, ahead_s: int, verdict: str) -> None:
    with server_with_a_clock(ahead_s) as url:
        found = doctor(LIVEKIT_URL=url).the("clock")

    assert found[0] == verdict
    if verdict != "ok":
        assert ("behind" if ahead_s > 0 else "ahead of") in found[1]
        assert "synchronisation" in found[1]


@contextmanager
def server_with_a_clock(ahead_s: int) -> Iterator[str]:
    class Handler(Stub):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + ahead_s)

    with served(Handler) as port:
        yield f"ws://127.0.0.1:{port}"


class Stub(http.server.BaseHTTPRequestHandler):
    """Answers 200 and nothing else."""

    health = 200
    worker = b""

    def do_GET(self) -> None:
        self.send_response(self.health if self.path == "/" else 200)
        self.end_headers()
        self.wfile.write(self.worker)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(handler: type[Stub]) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_livekit_without_redis_serves_no_sip(doctor: Doctor, tmp_path: Path) -> None:
    block = PortBlock.auto()
    program = LabSettings.load().livekit_server()
    command = daemons.livekit_server(program, block.ports, "lone", OTHER_SECRET, tmp_path)
    config = json.loads(Path(command[-1]).read_text())
    del config["redis"]
    Path(command[-1]).write_text(json.dumps(config))
    url = f"http://127.0.0.1:{block.ports.livekit}"
    server = Process("livekit-server", command, log=tmp_path / "log", env=inherited_environment())
    try:
        server.await_ready(lambda: answers(url))
        report = doctor(LIVEKIT_URL=url, LIVEKIT_API_KEY="lone", LIVEKIT_API_SECRET=OTHER_SECRET)
    finally:
        server.stop()
        block.release()

    assert report.the("livekit")[0] == "ok"
    verdict, words = report.the("sip")
    assert verdict == "fail"
    assert "without Redis" in words
    assert report.the("numbers")[0] == "skip"


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


def test_drift_is_a_warning_and_faulty_declarations_fail(doctor: Doctor, tmp_path: Path) -> None:
    trunks = tmp_path / "trunks.toml"
    trunk = '[inbound_trunk.hotline]\nnumbers = ["+12025550100"]\n'
    rule = '[dispatch_rule.hotline]\ntrunks = ["hotline"]\nagent = "hotline"\n'
    trunks.write_text(f'{trunk}allowed_addresses = ["192.0.2.0/24"]\n{rule}')

    drift = doctor("--declarations", str(tmp_path))
    assert drift.the("numbers")[0] == "warn"
    assert "1 change pending" in drift.the("numbers")[1]
    assert drift.exit_code == 0

    half = f'{trunk}auth_username = "carrier"\n'
    trunks.write_text(f"{half}{rule.replace(chr(34) + 'hotline' + chr(34) + ']', '5]')}")
    faulty = doctor("--declarations", str(tmp_path))
    assert [verdict for verdict, _ in faulty.of("numbers")] == ["fail", "fail"]
    assert "go together" in str(faulty.of("numbers"))
    assert faulty.exit_code == 1


def test_a_rule_without_trunks_is_a_door_left_open(lab: Lab, doctor: Doctor) -> None:
    rule_id = asyncio.run(create_open_rule(lab))
    try:
        report = doctor()
    finally:
        asyncio.run(delete_rule(lab, rule_id))

    (verdict, words), (rest, _) = report.of("numbers")
    assert (verdict, rest) == ("fail", "ok")
    assert rule_id in words
    assert report.exit_code == 1


def client(lab: Lab) -> api.LiveKitAPI:
    env = lab.environment
    return api.LiveKitAPI(env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"])


async def create_open_rule(lab: Lab) -> str:
    lobby = proto_sip.SIPDispatchRuleDirect(room_name="lobby", pin="4711")
    rule = proto_sip.SIPDispatchRuleInfo(
        name="theirs", rule=proto_sip.SIPDispatchRule(dispatch_rule_direct=lobby)
    )
    async with client(lab) as livekit:
        request = proto_sip.CreateSIPDispatchRuleRequest(dispatch_rule=rule)
        return (await livekit.sip.create_dispatch_rule(request)).sip_dispatch_rule_id


async def delete_rule(lab: Lab, rule_id: str) -> None:
    async with client(lab) as livekit:
        request = proto_sip.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule_id)
        await livekit.sip.delete_dispatch_rule(request)


def test_an_agent_that_no_rule_asks_for_fails_with_both_names(doctor: Doctor) -> None:
    findings = doctor(HOTLINE_AGENT_NAME="warmline").of("agent")

    (words,) = [sentence for verdict, sentence in findings if verdict == "fail"]
    assert '"hotline"' in words
    assert '"warmline"' in words


def test_a_worker_of_another_name_and_one_that_lost_livekit_are_told(doctor: Doctor) -> None:
    class Renamed(Stub):
        worker = json.dumps({"agent_name": "coldline", "sdk_version": "1.8.9"}).encode()

    class Lost(Renamed):
        health = 503
        worker = Renamed.worker.replace(b"coldline", b"hotline")

    with served(Renamed) as port:
        renamed = doctor(HOTLINE_HEALTH_PORT=str(port)).of("agent")
    assert [verdict for verdict, _ in renamed] == ["ok", "fail", "fail"]
    assert '"coldline"' in renamed[1][1]
    assert "Start the worker again" in renamed[1][1]
    assert '"hotline"' in renamed[2][1]

    with served(Lost) as port:
        ((verdict, words),) = doctor(HOTLINE_HEALTH_PORT=str(port)).of("agent")
    assert verdict == "fail"
    assert "has lost LiveKit" in words


def test_a_stranger_on_the_health_port_is_told(lab: Lab, doctor: Doctor) -> None:
    findings = doctor(HOTLINE_HEALTH_PORT=str(lab.ports.cartesia)).of("agent")
    assert findings[0][0] == "fail"
    assert "no LiveKit worker" in findings[0][1]


@pytest.mark.parametrize("provider", ["deepgram", "backboard", "cartesia"])
def test_a_key_that_is_refused_is_told_with_its_variable(doctor: Doctor, provider: str) -> None:
    variable = f"{provider.upper()}_API_KEY"
    report = doctor(**{variable: "wrong"})

    assert report.the(provider)[0] == "fail"
    assert f"Check {variable}." in report.the(provider)[1]
    assert [row["id"] for row in report.rows if row["verdict"] == "fail"] == [provider]


@pytest.mark.parametrize(
    ("key", "model", "verdict", "words"),
    [
        ("fallback-key-of-this-test", "small", "ok", "takes the key"),
        ("wrong", "small", "fail", "Check HOTLINE_FALLBACK_API_KEY."),
        ("fallback-key-of-this-test", "smaller", "warn", "does not list the model smaller"),
    ],
)
def test_the_second_models_server_is_asked_too(
    doctor: Doctor, spare: str, key: str, model: str, verdict: str, words: str
) -> None:
    report = doctor(
        HOTLINE_FALLBACK_MODEL=model,
        HOTLINE_FALLBACK_BASE_URL=spare,
        HOTLINE_FALLBACK_API_KEY=key,
    )
    assert report.the("fallback")[0] == verdict
    assert words in report.the("fallback")[1]


def test_providers_that_stall_or_fail_are_told_within_the_deadline(
    lab: Lab, doctor: Doctor
) -> None:
    with (
        fault(lab, "deepgram", "faults", {"fault": "stall"}),
        fault(lab, "backboard", "behaviour", {"lookup_s": 30}),
        fault(lab, "cartesia", "faults", {"fault": "status", "status": 503}),
    ):
        began = time.monotonic()
        report = doctor()
        took_s = time.monotonic() - began

    assert took_s < 7
    assert "does not answer within 4 s" in report.the("deepgram")[1]
    assert "does not answer within 4 s" in report.the("backboard")[1]
    assert "HTTP 503" in report.the("cartesia")[1]
    failed = [row["id"] for row in report.rows if row["verdict"] == "fail"]
    assert failed == ["deepgram", "backboard", "cartesia"]
    assert {verdict for verdict, _ in map(doctor().the, failed)} == {"ok"}


def test_a_provider_that_drops_the_connection_fails(lab: Lab, doctor: Doctor) -> None:
    with fault(lab, "cartesia", "faults", {"fault": "close"}):
        assert doctor().the("cartesia")[0] == "fail"


def test_a_records_folder_that_cannot_be_written_to_fails(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    records, prompts = doctor(HOTLINE_RECORDS_DIR=str(tmp_path / "file/records")).of("storage")

    assert records[0] == "fail"
    assert "HOTLINE_RECORDS_DIR" in records[1]
    assert prompts[0] == "ok"
    assert not (tmp_path / "prompts").exists()  # nothing is made


def test_self_hosted_has_no_plan_and_cold_starts_are_told(doctor: Doctor) -> None:
    report = doctor(HOTLINE_IDLE_PROCESSES="0", HOTLINE_MAX_CALLS="9")

    assert report.the("plan")[0] == "ok"
    assert report.the("warmth")[0] == "warn"


def test_a_call_is_placed_only_on_a_lab_of_this_machine(doctor: Doctor) -> None:
    report = doctor("--call")  # a lab in this process is not among those that bot-lab lists

    verdict, words = report.the("call")
    assert verdict == "skip"
    assert "any phone" in words
    assert report.exit_code == 0
