"""Thirty students at once: what each waits for, and what the server takes.

    python benchmarks/class.py [--students 30] [--minutes 4] [--steps 20] [--json FILE]

Starts a server of its own by `python -m core serve`, as people do, with empty caches, waits until
what it works out ahead is there, and then has one student after the other as a client of
Streamlit's protocol (`protocol_client`), all on this computer: they open the page in the same
moment, join the class, walk a lesson, drag a lesion in the lab, edit prompts, and a tenth of them
start a fine-tune; a teacher looks at the class meanwhile. It ends by itself.

Printed: for each thing that is done the number, the median, the 95th percentile and the longest
in seconds; what went wrong; the server's memory, and what its growth would make of it in an hour.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import psutil
from protocol_client import ProtocolClient

from core.paths import ROOT
from explorer.startup import READY

sys.path.insert(0, str(ROOT / "tests"))  # the one way to start and end a server
from served import free_port, served

_THINK = (5.0, 15.0)
"""Seconds that a student looks at what came, before the next thing. A lesson of ten minutes has
some fifteen clicks, forty seconds each: this class is four times as quick as one that reads."""
_DRAGGED = 8  # frames of one drag
_WORDS = ("left", "right", "small", "large", "basal", "apical", "pleural", "effusion", "opacity",
          "nodule", "pneumothorax", "enlarged", "heart", "fracture", "edema")  # fmt: skip
CLASS_CODE = "THIRTY"


class ClassTimes:
    """Seconds by what was done, and what went wrong."""

    def __init__(self, until: float) -> None:
        self.until = until  # by time.monotonic
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.memory: list[tuple[float, float]] = []  # seconds since the start, GiB

    @property
    def goes_on(self) -> bool:
        """Whether the lesson is not over."""
        return time.monotonic() < self.until

    @asynccontextmanager
    async def timed(self, what: str) -> AsyncIterator[None]:
        """Note how long it takes."""
        began = time.monotonic()
        yield
        self.seconds[what].append(time.monotonic() - began)


class ClassMember:
    """One student, or the teacher, with dice of their own."""

    def __init__(
        self, number: int, address: str, times: ClassTimes, asked: argparse.Namespace
    ) -> None:
        self.name, self.times, self.dice = f"student {number}", times, random.Random(number)
        # A proxy's header: who comes through one is no owner, and so asked for the class code.
        self.client = ProtocolClient(address, {"X-Forwarded-For": f"10.0.0.{number + 1}"})
        self.steps, self.haste = asked.steps, asked.think

    async def attend(self, trains: bool) -> None:
        """Until the time is over."""
        try:
            async with self.times.timed("open the page, all at once"):
                await self.client.open(f"class={CLASS_CODE}")
            await self._join()
            todo = [self._lesson, self._lab, self._prompts, self._home]
            self.dice.shuffle(todo)
            if trains:
                todo.insert(1, self._train)
            while self.times.goes_on:
                for act in todo:
                    if self.times.goes_on:
                        await act()
                todo = [act for act in todo if act != self._train]  # another needs the first done
        except Exception as error:  # counted: one student's trouble ends no class
            self.times.errors.append(f"{self.name}: {type(error).__name__}: {error}")
        finally:
            self.times.errors += [f"{self.name}: {said}" for said in self.client.errors]
            await self.client.close()

    async def look_on(self) -> None:
        """The teacher: the page Class, drawn anew by itself."""
        self.name, self.client.headers = "teacher", {}
        try:
            await self.client.open()
            await self.client.go("classroom")
            while self.times.goes_on:
                await self._think()
        except Exception as error:
            self.times.errors.append(f"teacher: {type(error).__name__}: {error}")
        finally:
            self.times.errors += [f"teacher: {said}" for said in self.client.errors]
            await self.client.close()

    async def _think(self) -> None:
        """Look at the page; what it draws anew by itself is drawn meanwhile."""
        until = time.monotonic() + self.haste * self.dice.uniform(*_THINK)
        due = {name: time.monotonic() + every for name, every in self.client.polls.items()}
        while (now := time.monotonic()) < until:
            for name, at in list(due.items()):
                if at <= now and name in self.client.polls:
                    async with self.times.timed("drawn anew by itself"):
                        await self.client.rerun(name)
                    due[name] = time.monotonic() + self.client.polls.get(name, 60.0)
            await asyncio.sleep(0.2)

    async def _go(self, page: str) -> None:
        await self._think()
        async with self.times.timed(f"open {page or 'home'}"):
            await self.client.go(page)

    async def _join(self) -> None:
        await self._go("lessons")
        await self.client.write("text_input", "lesson_nickname", self.name)
        async with self.times.timed("join"):
            await self.client.click("lesson_join")

    async def _lesson(self) -> None:
        await self._go("lessons")
        name = self.dice.choice(("prompts", "regions", "contrast", "shortcuts"))
        async with self.times.timed("lesson: open"):
            await self.client.click(f"lesson_open_{name}")
        while self.times.goes_on:
            await self._think()
            if self.client.has("text_input", "_text"):
                async with self.times.timed("lesson: type a text"):
                    await self.client.write("text_input", "_text", self._text())
            if self.client.has("button", "lesson_check"):
                async with self.times.timed("lesson: check an answer"):
                    await self.client.click("lesson_check")
            await self._think()
            if not self.client.has("button", "lesson_next"):
                break
            async with self.times.timed("lesson: next step"):
                await self.client.click("lesson_next")
        await self.client.click("lesson_close")

    async def _lab(self) -> None:
        await self._go("lab")
        sent = self.client.sent_to("lab_film")
        serial = 0
        for _ in range(3):
            x, y = self.dice.uniform(-9, -4), self.dice.uniform(5, 15)
            for step in range(_DRAGGED + 1):
                patient = f"seed=7;nodule,x={x + 0.2 * step:.2f},y={y:.2f},radius=1.2"
                serial += 1
                fine = step == _DRAGGED  # let go
                question = {"word": sent["word"], "serial": serial, "patient": patient,
                            "text": "right lung nodule", "chosen": 0, "fine": fine}  # fmt: skip
                async with self.times.timed("lab: let go" if fine else "lab: drag"):
                    status, told = await self.client.post(sent["route"], question)
                if status not in (200, 204):
                    raise RuntimeError(f"the lab answered {status}: {told}")
            left = {"patient": patient, "text": "right lung nodule", "chosen": 0,
                    "edition": sent["edition"]}  # fmt: skip
            async with self.times.timed("lab: the page takes it"):
                told = json.dumps({"left": left})
                await self.client.write("bidi_component", "lab_film", told)
            await self._think()
            if not self.times.goes_on:
                return

    async def _prompts(self) -> None:
        await self._go("zero_shot")
        for _ in range(3):
            await self._think()
            async with self.times.timed("edit a prompt"):
                await self.client.write("text_input", "Positive prompt 1", self._text())

    async def _home(self) -> None:
        await self._go("")
        for _ in range(2):
            await self._think()
            async with self.times.timed("home: type a text"):
                await self.client.write("text_input", "What might", self._text())
            await self._think()
            async with self.times.timed("home: next film"):
                await self.client.click("chevron_right")

    async def _train(self) -> None:
        await self._go("finetune")
        await self.client.write("text_input", "Study set", "phantom:train,n=64", run=False)
        await self.client.write("number_input", "steps_", self.steps, run=False)
        async with self.times.timed("start a fine-tune"):
            await self.client.click("Start")
        for _ in range(3):
            await self._think()  # its state is drawn anew meanwhile

    def _text(self) -> str:
        return " ".join(self.dice.sample(_WORDS, 3))


async def hold_class(address: str, server: psutil.Process, asked: argparse.Namespace) -> ClassTimes:
    """All of it; the times are told when the last has left."""
    # A browser waits for no other's pictures: as many threads as can be asked for at once.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * asked.students + 4))
    times = ClassTimes(time.monotonic() + 60 * asked.minutes)
    members = [ClassMember(number, address, times, asked) for number in range(asked.students + 1)]
    weighing = asyncio.create_task(_weigh(server, times))
    trainers = max(asked.students // 10, 1)
    await asyncio.gather(members[0].look_on(), *(
        member.attend(number < trainers) for number, member in enumerate(members[1:])
    ))  # fmt: skip
    weighing.cancel()
    return times


async def _weigh(server: psutil.Process, times: ClassTimes) -> None:
    began = time.monotonic()
    while True:
        times.memory.append((time.monotonic() - began, server.memory_info().rss / 2**30))
        await asyncio.sleep(2)


def report(times: ClassTimes) -> dict[str, object]:
    """Print what was measured; the same as values."""
    told: dict[str, object] = {}
    print(f"{'what':30}{'n':>6}{'median':>9}{'95 %':>8}{'longest':>9}")
    for what, seconds in [*sorted(times.seconds.items()), ("all that was asked for", _all(times))]:
        row = (len(seconds), statistics.median(seconds), float(np.quantile(seconds, 0.95)),
               max(seconds))  # fmt: skip
        told[what] = row
        print(f"{what:30}{row[0]:6}{row[1]:9.2f}{row[2]:8.2f}{row[3]:9.2f}")
    at, memory = np.array(times.memory).T
    late = at > at[-1] / 2  # while models and films are read for the first time it grows
    slope = float(np.polyfit(at[late], memory[late], 1)[0]) if late.sum() > 2 else 0.0
    print(f"memory of the server: {memory[0]:.2f} GiB at first, {memory.max():.2f} at most, "
          f"{memory[-1]:.2f} at last, {3600 * slope:+.2f} an hour by its later half")  # fmt: skip
    own = psutil.Process().cpu_times()
    print(f"the clients themselves took {own.user + own.system:.0f} s of processor")
    told |= {"memory": [float(memory[0]), float(memory.max()), float(memory[-1])],
             "growth_an_hour": 3600 * slope, "errors": times.errors}  # fmt: skip
    print(f"errors: {len(times.errors)}")
    for error in dict.fromkeys(times.errors):
        print(f"  {error}")
    return told


def _all(times: ClassTimes) -> list[float]:
    """But the first page, which is told by itself."""
    return [s for what, some in times.seconds.items() if "all at once" not in what for s in some]


def main() -> None:
    """Serve, hold the class, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--steps", type=int, default=20, help="of a fine-tune")
    parser.add_argument("--think", type=float, default=1.0, help="times the pauses between things")
    parser.add_argument("--early", action="store_true",
                        help="students come before what is worked out ahead is there")  # fmt: skip
    parser.add_argument("--json", type=Path, help="the same as values, to this file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ, "LRCLR_CACHE": f"{folder}/cache", "LRCLR_RUNS": f"{folder}/runs",
            "LRCLR_RECORDS": f"sqlite:///{folder}/class.sqlite", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        command = [sys.executable, "-m", "core", "serve", "--port", str(port), "--code", CLASS_CODE]
        began, ready = time.monotonic(), "" if asked.early else READY
        health = f"{address}/_stcore/health"
        with served(command, environment, ROOT, health, ready) as process:
            server = psutil.Process(process.pid)
            took = time.monotonic() - began
            print(f"the server answered after {took:.0f} s" if asked.early else
                  f"{took:.0f} s until the server had worked ahead; nothing before that counts")
            times = asyncio.run(hold_class(address, server, asked))
            told = report(times)
            for run in Path(folder, "runs").glob("*/stop"):
                run.touch()
        if asked.json:
            asked.json.write_text(json.dumps(told))
    sys.exit(1 if times.errors else 0)


if __name__ == "__main__":
    main()
