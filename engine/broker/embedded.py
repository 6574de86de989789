"""The embedded broker: a child process that speaks Kafka's protocol, for trying out and for tests.

It serves one machine and keeps its data in memory; about once a second, and when it is stopped, it saves all of it to one
file. So a kill or a power cut takes back up to a second of what it had acknowledged: no place for anything that matters.
While it stops it goes on acknowledging what it no longer saves: stop those who write first.
"""

import asyncio
import importlib.util
import socket
import subprocess
from pathlib import Path
from typing import Self

from engine.broker.clients import wait_until_answering
from engine.broker.settings import Settings, load_settings
from engine.errors import BrokerUnavailable, UsageError

PROGRAM = "noida-db"
PACKAGE = "noida_db"
HOST = "127.0.0.1"
LOG_TAIL_LINES = 10
KILL_TIMEOUT_S = 10.0


class EmbeddedBroker:
    """One embedded broker on a data directory. `port` of None takes a free one, kept over restarts of this object."""

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = data_dir
        self.port = free_port() if port is None else port
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:port`."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid if self._child is not None and self.alive() else None

    @property
    def log_file(self) -> Path:
        """Where the child's output goes."""
        return self.data_dir / "broker.log"

    def alive(self) -> bool:
        """Whether the child runs."""
        return self._child is not None and self._child.poll() is None

    async def start(self, timeout_s: float = 20.0) -> Self:
        """Starts it and returns when it answers a real request.

        Raises UsageError where the program is missing or the port taken, BrokerUnavailable with the end of its log where it
        does not come up.
        """
        if self.alive():
            return self
        if listening(self.port):  # its answers would be taken for ours
            raise UsageError(f"port {self.port} is taken by another process; stop it or choose another port")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._child = self._spawn()
        try:
            await self._answering(timeout_s)
        except BaseException:
            self.kill()
            raise
        return self

    async def stop(self, timeout_s: float = KILL_TIMEOUT_S) -> None:
        """Ends the child by SIGTERM, by SIGKILL after the timeout. What is written meanwhile is lost."""
        if self._child is None or not self.alive():
            return
        self._child.terminate()
        try:
            await asyncio.to_thread(self._child.wait, timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the child by SIGKILL and waits for it: a crash, which loses what was not saved yet."""
        if self._child is not None and self.alive():
            self._child.kill()
            self._child.wait(KILL_TIMEOUT_S)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *failure: object) -> None:
        await self.stop()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [program(), "start", "--data-dir", str(self.data_dir), "--host", HOST, "--only", "kafka"]
        with self.log_file.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own dependency, no shell
                [*command, "--kafka-port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: the broker goes last
            )

    async def _answering(self, timeout_s: float) -> None:
        settings = embedded_settings(self.bootstrap)
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            if not self.alive():
                raise BrokerUnavailable(f"the embedded broker ended at once; {self._log_tail()}")
            if listening(self.port):  # asked before, since the client logs every address that does not answer
                return await wait_until_answering(settings, timeout_s)
            if asyncio.get_running_loop().time() >= deadline:
                raise BrokerUnavailable(f"the embedded broker does not listen on {self.bootstrap}; {self._log_tail()}")
            await asyncio.sleep(0.05)

    def _log_tail(self) -> str:
        lines = self.log_file.read_text("utf-8", "replace").splitlines()[-LOG_TAIL_LINES:]
        return f"{self.log_file} ends with:\n" + "\n".join(lines)


def program() -> str:
    """The broker's executable itself; raises UsageError where it is not installed.

    The script of the same name would be a parent of it: ending the script leaves the broker running.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for directory in spec.submodule_search_locations or () if spec else ():
        for name in (PROGRAM, f"{PROGRAM}.exe"):
            if (found := Path(directory) / name).is_file():
                found.chmod(0o755)  # not every installer keeps the bit
                return str(found)
    raise UsageError(f"{PROGRAM} is not installed (pip install {PROGRAM}); or set KAFKA_BOOTSTRAP to a broker of yours")


def free_port() -> int:
    """A TCP port that nobody on this machine listened on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    """Whether somebody on this machine accepts connections on a TCP port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def embedded_settings(bootstrap: str, **given: object) -> Settings:
    """Settings for the embedded broker at an address."""
    return load_settings(bootstrap=bootstrap, embedded=True, **given)
