"""Apache Kafka as a child process: fetched by Maven once, formatted and started in KRaft mode on free ports."""

import asyncio
import os
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from engine.broker.clients import wait_until_answering
from engine.broker.embedded import HOST, free_port, listening
from engine.broker.settings import load_settings
from engine.errors import BrokerUnavailable

VERSION = "4.1.0"
SCALA = "2.13"
HEAP = "512m"
CACHE = Path(os.environ.get("GUERDON_TEST_CACHE", Path.home() / ".cache" / "guerdon"))
# The one account of the SASL listener.
USERNAME = "guerdon"
PASSWORD = "right-password"  # noqa: S105 - of a broker that lives as long as the tests

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>guerdon</groupId><artifactId>test-broker</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.kafka</groupId><artifactId>kafka_{SCALA}</artifactId><version>{VERSION}</version>
  </dependency></dependencies>
</project>
"""

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={host}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{plain},SASL://{host}:{sasl},CONTROLLER://{host}:{controller}{listeners}
advertised.listeners=PLAINTEXT://{host}:{plain},SASL://{host}:{sasl}{advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}
inter.broker.listener.name=PLAINTEXT
listener.name.sasl.sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{username}="{password}";
log.dirs={data}
auto.create.topics.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
unclean.leader.election.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
message.max.bytes=33554432
log.cleaner.dedupe.buffer.size=16777216
"""


class ApacheBroker:
    """One Apache Kafka on a data directory; data and ports stay over restarts, also after a kill.

    `through` names proxies and the ports they listen on: for each the broker has a listener of its own (`ports_behind`)
    and advertises the proxy's port on it, so that a client which came through a proxy stays behind it.
    """

    kind = "apache"
    kill_keeps_acknowledged = True

    def __init__(self, directory: Path, jars: Path, through: Mapping[str, int] | None = None) -> None:
        self._directory = directory
        self._jars = jars
        self._plain, self._sasl, self._controller = free_port(), free_port(), free_port()
        self._through = dict(through or {})
        self.ports_behind = {name: free_port() for name in self._through}
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self._plain}"

    @property
    def sasl_bootstrap(self) -> str:
        return f"{HOST}:{self._sasl}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self.alive() else None

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    async def start(self, timeout_s: float = 60.0) -> None:
        if self.alive():
            return
        properties = self._directory / "server.properties"
        if not properties.exists():
            self._format(properties)
        with self._log_file.open("ab") as output:
            self._child = self._java("kafka.Kafka", str(properties), output=output)
        try:
            await self._answering(timeout_s)
        except BaseException:
            self.kill()
            raise

    async def stop(self, timeout_s: float = 30.0) -> None:
        if self._child is None or not self.alive():
            return
        self._child.terminate()
        try:
            await asyncio.to_thread(self._child.wait, timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        if self._child is not None and self.alive():
            self._child.kill()
            self._child.wait(10)

    @property
    def _log_file(self) -> Path:
        return self._directory / "broker.log"

    def _format(self, properties: Path) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        ports = {"plain": self._plain, "sasl": self._sasl, "controller": self._controller}
        account = {"username": USERNAME, "password": PASSWORD}
        filled = {"host": HOST, "data": self._directory / "data", **ports, **account, **self._extra_listeners()}
        properties.write_text(PROPERTIES.format(**filled), "utf-8")
        with self._log_file.open("ab") as output:
            tool = ["kafka.tools.StorageTool", "format", "--standalone", "--cluster-id", uuid.uuid4().hex[:22]]
            code = self._java(*tool, "--config", str(properties), output=output).wait(60)
        if code != 0:
            raise BrokerUnavailable(f"Apache Kafka's storage could not be formatted; {self._log_tail()}")

    def _extra_listeners(self) -> dict[str, str]:
        names = {name: name.upper() for name in self._through}
        return {
            "listeners": "".join(f",{names[name]}://{HOST}:{port}" for name, port in self.ports_behind.items()),
            "advertised": "".join(f",{names[name]}://{HOST}:{port}" for name, port in self._through.items()),
            "protocols": "".join(f",{name}:PLAINTEXT" for name in names.values()),
        }

    def _java(self, *arguments: str, output: BinaryIO) -> subprocess.Popen[bytes]:
        java = shutil.which("java")
        assert java is not None, "asked for by `unavailable` before"
        command = [
            java,
            f"-Xmx{HEAP}",
            "-Xms128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            f"{self._jars}/*",
        ]
        return subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    async def _answering(self, timeout_s: float) -> None:
        settings = load_settings(bootstrap=self.bootstrap)
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not listening(self._plain):
            if not self.alive():
                raise BrokerUnavailable(f"Apache Kafka ended at once; {self._log_tail()}")
            if asyncio.get_running_loop().time() >= deadline:
                raise BrokerUnavailable(f"Apache Kafka does not listen; {self._log_tail()}")
            await asyncio.sleep(0.1)
        await wait_until_answering(settings, timeout_s)

    def _log_tail(self) -> str:
        return "its log ends with:\n" + "\n".join(self._log_file.read_text("utf-8", "replace").splitlines()[-15:])


def unavailable() -> str | None:
    """Why Apache Kafka cannot be run here; None where it can."""
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if "mvn" in missing and _jars_directory().is_dir():
        missing.remove("mvn")
    return f"Apache Kafka needs {' and '.join(missing)} on the PATH" if missing else None


def fetched_jars() -> Path:
    """The directory of Apache Kafka's jars, fetched at first use; raises BrokerUnavailable with Maven's words."""
    jars = _jars_directory()
    if jars.is_dir():
        return jars
    # Into a directory of its own first, since several test processes may fetch at once.
    fresh = CACHE / f"fetching-{uuid.uuid4().hex}"
    fresh.mkdir(parents=True)
    (fresh / "pom.xml").write_text(POM, "utf-8")
    maven = shutil.which("mvn") or "mvn"
    command = [maven, "-q", "-B", "-f", str(fresh / "pom.xml"), "dependency:copy-dependencies"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={fresh / 'jars'}"], capture_output=True, text=True, timeout=600, check=False
    )
    try:
        if done.returncode != 0:
            raise BrokerUnavailable(
                f"Maven could not fetch Apache Kafka {VERSION}: {(done.stdout + done.stderr)[-2000:]}"
            )
        if not jars.is_dir():
            (fresh / "jars").rename(jars)
    finally:
        shutil.rmtree(fresh)
    return jars


def _jars_directory() -> Path:
    return CACHE / f"kafka-{VERSION}"
