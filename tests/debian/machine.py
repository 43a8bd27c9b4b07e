"""A Debian in a folder: made by debootstrap, with processes, mounts and a network of its own."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.package import build

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = Path("/usr/local/src/counterpoise")
NAME: Final = "questions.example.ac.uk"
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DOWNLOADS: Final = re.compile(r"apt-get update|\S*/pip install")
"""What needs a network beyond the machine."""
OF_APT: Final = re.compile(r"Acquire::(Check|https?|Retries)")
SECONDS: Final = 900
BEGIN: Final = """
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --bind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/dev/shm"
ip link set lo up
for each in $2; do
  mkdir -p "$1$each"
  mount --bind "$each" "$1$each"
  mount -o remount,bind,ro "$1$each"
done
echo begun
exec chroot "$1" sleep infinity
"""
"""The mounts of a machine: its own root, and this computer's folders of packages."""
SERVE: Final = """
mount -t tmpfs tmpfs /tmp
for each in {writable}; do [ ! -e "$each" ] || mount --bind "$each" "$each"; done
echo $$ > /run/counterpoise.pid
mount -o remount,bind,ro /
exec setpriv --reuid={user} --regid={user} --init-groups --bounding-set=-all --inh-caps=-all --no-new-privs \
  sh -c 'umask {umask}; cd {folder}; set -a; . {settings}; exec {command}' >> {log} 2>&1
"""
"""What systemd does with docs/debian/counterpoise.service."""


class Failed(Exception):
    """A step did not do what the page says, or what it is for."""


class Machine:
    """A Debian in a folder, with processes and a network of its own."""

    def __init__(self, folder: Path, host: int) -> None:
        self.folder = folder
        self._host = host
        self.settings: dict[str, str] = {}
        """What was exported by the lines that were typed."""
        self._service: subprocess.Popen[bytes]

    def inside(self, *words: str, network: bool = False) -> list[str]:
        """A command of this computer that runs one in the machine."""
        spaces = ["--mount", "--pid", "--root", "--wd", "--ipc", "--uts", *([] if network else ["--net"])]
        own = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        given = [f"{name}={value}" for name, value in {**own, **self.settings}.items()]
        return ["nsenter", "--target", str(self._host), *spaces, "env", "-i", *given, *words]

    def tried(self, line: str, *, network: bool = False) -> subprocess.CompletedProcess[str]:
        """Type a line as root, in the folder of the source; return what became of it."""
        command = self.inside("bash", "-c", f"cd {SOURCE}; {line}", network=network)
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=SECONDS, stdin=subprocess.DEVNULL
        )

    def typed(self, line: str) -> str:
        """Type a line, which must do what it is for; return what it prints."""
        if line.startswith("systemctl "):
            self._systemctl(shlex.split(line)[1])
            return ""
        if found := re.fullmatch(r"export (\w+)=(\S+)", line):
            self.settings[found[1]] = found[2]
            return ""
        if line.startswith("unset "):
            for name in line.split()[1:]:
                del self.settings[name]
            return ""
        if line.startswith("apt-get install "):
            # The network of the machine leads nowhere: PostgreSQL starts while it is being installed.
            self._done(line.replace("install", "install --download-only", 1), network=True)
        return self._done(line, network=bool(DOWNLOADS.match(line)))

    def _done(self, line: str, *, network: bool = False) -> str:
        done = self.tried(line, network=network)
        if done.returncode:
            raise Failed(f"{line}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _systemctl(self, word: str) -> None:
        if word in ("stop", "restart"):
            self._done("kill $(cat /run/counterpoise.pid) && rm /run/counterpoise.pid")
            self._service.wait(60)
        if word in ("enable", "start", "restart"):
            self._service = self._begun()

    def _begun(self) -> subprocess.Popen[bytes]:
        unit = configparser.ConfigParser(strict=False)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read(self.folder / "etc/systemd/system/counterpoise.service")
        asked = unit["Service"]
        log = asked["StandardOutput"].removeprefix("append:")
        script = SERVE.format(
            writable=f"{asked['ReadWritePaths'].replace('-/', '/')} {Path(log).parent}",
            user=asked["User"],
            umask=asked["UMask"],
            folder=asked["WorkingDirectory"],
            settings=asked["EnvironmentFile"],
            command=asked["ExecStart"],
            log=log,
        )
        begun = subprocess.Popen(self.inside("unshare", "--mount", "sh", "-ec", script))
        while not (self.folder / "run/counterpoise.pid").exists() and begun.poll() is None:
            time.sleep(0.05)
        return begun

    def answered(self, code: str, *, port: int = 0) -> str:
        """Answer with a code, through https or at a port of the service; return the receipt."""
        program = f"from tests.debian.client import answer; answer({str(self.folder)!r}, {code!r}, {port})"
        return self._from_outside(program)

    def signed_in(self, name: str, password: str) -> str:
        program = (
            f"from tests.debian.client import sign_in; sign_in({str(self.folder)!r}, {name!r}, {password!r})"
        )
        return self._from_outside(program)

    def _from_outside(self, program: str) -> str:
        """Run a program of ours in the network of the machine."""
        done = subprocess.run(
            ["nsenter", "--target", str(self._host), "--net", sys.executable, "-c", program],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(done.stderr)
        return done.stdout.strip()


def unfit() -> str:
    """Why no machine can be made here; nothing where one can."""
    if os.geteuid() != 0:
        return "it needs root, for the mounts of a machine of its own"
    if not shutil.which("debootstrap"):
        subprocess.run([ROOT / ".ci" / "system-packages", "debootstrap"], capture_output=True, check=False)
    for program in ("debootstrap", "nsenter", "unshare", "ip"):
        if not shutil.which(program):
            return f"{program} is not here, and could not be installed"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "true"],
        capture_output=True,
        check=False,
    )
    return "this computer allows no namespaces" if tried.returncode else ""


def debian(folder: Path) -> None:
    """Make the folder a Debian, with the sources of packages and the certificates that this computer has."""
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", "bookworm", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise Failed(made.stdout[-2000:] + made.stderr)
    if (sources := Path("/etc/apt/sources.list.d/debian.sources")).is_file():
        shutil.copy(sources, folder / "etc/apt/sources.list.d")
        (folder / "etc/apt/sources.list").write_text("")
    dump = subprocess.run(["apt-config", "dump", "--no-empty"], capture_output=True, text=True, check=True)
    kept = [line for line in dump.stdout.splitlines() if OF_APT.match(line)]
    (folder / "etc/apt/apt.conf.d/99as-outside").write_text("\n".join([*kept, ""]))
    (folder / "etc/hostname").write_text("debian\n")
    (folder / "etc/hosts").write_text(f"127.0.0.1 localhost debian {NAME}\n")
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")


def as_outside(folder: Path) -> list[Path]:
    """Have pip ask where this computer's pip asks; return the folders of this computer that it names."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found = dict(re.findall(r"^(?::env:|global)\.([\w-]+)='(.*)'$", asked.stdout, re.MULTILINE))
    settings, folders = ["[global]"], []
    for name, value in found.items():
        words = []
        for word in value.split():
            path = Path(word.removeprefix("file://"))
            if path.is_absolute() and path.is_dir():
                # The files of an index lie beside its list of names.
                folders.append(path.parent if word.startswith("file:") else path)
            elif path.is_absolute() and path.is_file():
                # Under another name, since a package may bring one of this.
                copy = Path("/etc/as-outside") / path.relative_to("/")
                (folder / copy.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, folder / copy.relative_to("/"))
                word = str(copy)  # noqa: PLW2901 - the same word, as it is there
            words.append(word)
        settings.append(f"{name} = {' '.join(words)}")
    (folder / "etc/pip.conf").write_text("\n".join([*settings, ""]))
    return folders


def source(folder: Path) -> None:
    """Put into `SOURCE` what the page begins with: the wheel, and parts of the source."""
    there = folder / SOURCE.relative_to("/")
    with tempfile.TemporaryDirectory() as work:
        build(Path(work), there / "dist")
    for name in ("requirements", "docs", "tests/migrations/stored"):
        shutil.copytree(ROOT / name, there / name, dirs_exist_ok=True)


@contextmanager
def begun(folder: Path) -> Iterator[Machine]:
    """Let the machine of a folder run; all of its processes and mounts end with the block."""
    packages = as_outside(folder)
    command = ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork"]
    with subprocess.Popen(
        [*command, "sh", "-ec", BEGIN, "sh", str(folder), " ".join(map(str, packages))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as host:
        if host.stdout is None or host.stderr is None or host.stdout.readline() != "begun\n":
            raise Failed(f"the machine did not begin: {host.stderr and host.stderr.read()}")
        [first] = Path(f"/proc/{host.pid}/task/{host.pid}/children").read_text().split()
        try:
            yield Machine(folder, int(first))
        finally:
            os.kill(int(first), signal.SIGKILL)  # and with it all that runs there


@contextmanager
def run_by_hand(there: Machine, line: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command of the service beside the one that the unit has started, and end it."""
    words = ["bash", "-c", f"echo $$; cd {SOURCE}; exec {line}"]
    with subprocess.Popen(there.inside(*words), stdout=subprocess.PIPE, text=True) as beside:
        number = beside.stdout.readline().strip() if beside.stdout else ""
        try:
            yield beside
        finally:
            there.tried(f"kill {number}")
