"""What a server's memory is made of, look after look: in use, freed but kept, and caches by name.

    python benchmarks/server_memory.py [--clients 4] [--rounds 40] [--arenas N]

Starts a server of its own with empty caches and some clients of Streamlit's protocol, each with
texts of its own, who edit prompts, type on Home, go to the next film and drag in the lab without a
pause. After every fifth of the rounds and after all have left one line is printed: the process's
memory, what malloc has in use and what it keeps though it is free, and Streamlit's own figures for
cached results and sessions; last, what is left once malloc gives back what is free.
"""

import argparse
import asyncio
import json
import os
import random
import re
import sys
import tempfile
import time
from pathlib import Path

import psutil
import requests
from protocol_client import ProtocolClient

from core.paths import ROOT

sys.path.insert(0, str(ROOT / "tests"))  # the one way to start and end a server
from served import free_port, served

_WORDS = ("left", "right", "small", "large", "basal", "apical", "pleural", "effusion", "opacity",
          "nodule", "pneumothorax", "enlarged", "heart", "fracture", "edema")  # fmt: skip
# In the server: it writes what glibc says of its arenas whenever it is asked to.
_WATCHER = """
import ctypes, json, os, sys, threading, time
names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in names]
def watch():
    libc, folder = ctypes.CDLL("libc.so.6"), os.environ["MEMORY_WATCHED"]
    libc.mallinfo2.restype = Info
    while True:
        time.sleep(0.2)
        for ask in ("tell", "trim"):
            if os.path.exists(f"{folder}/{ask}"):
                if ask == "trim":
                    import gc
                    gc.collect()
                    libc.malloc_trim(0)
                told = libc.mallinfo2()
                with open(f"{folder}/told.partial", "w") as file:
                    json.dump({name: getattr(told, name) for name in names}, file)
                os.remove(f"{folder}/{ask}")
                os.replace(f"{folder}/told.partial", f"{folder}/told")
if "streamlit" in " ".join(sys.orig_argv):
    threading.Thread(target=watch, daemon=True).start()
"""


class MemoryRuler:
    """Reads one server's memory."""

    def __init__(self, process: psutil.Process, folder: Path, address: str) -> None:
        self.process, self.folder, self.address = process, folder, address

    def line(self, what: str, ask: str = "tell") -> None:
        """Print it; with `ask` "trim" after what is free was given back."""
        told = self.folder / "told"
        told.unlink(missing_ok=True)
        (self.folder / ask).touch()
        while not told.exists():
            time.sleep(0.1)
        glibc = json.loads(told.read_text())
        figures = requests.get(f"{self.address}/_stcore/metrics", timeout=60).text
        cached: dict[str, float] = {}
        for name, kind, value in re.findall(
            r'cache_memory_bytes\{cache_type="(\w+)",cache="([^"]*)"\} (\d+)', figures
        ):
            cached[f"{name} {kind}"] = cached.get(f"{name} {kind}", 0) + int(value)
        active = re.findall(r"^active_sessions(?:\{[^}]*\})? (\d+)", figures, re.M)
        mib = 2**20
        print(f"{what:22} rss {self.process.memory_info().rss / mib:7.0f}  in use "
              f"{(glibc['uordblks'] + glibc['hblkhd']) / mib:7.0f}  free but kept "
              f"{glibc['fordblks'] / mib:6.0f}  cached {sum(cached.values()) / mib:6.1f} MiB  "
              f"sessions {','.join(active) or '-'}  threads {self.process.num_threads()}",
              flush=True)  # fmt: skip
        for name, size in sorted(cached.items(), key=lambda pair: -pair[1])[:4]:
            print(f"{'':24}{size / mib:8.1f} MiB {name}")


async def use(client: ProtocolClient, dice: random.Random, rounds: int, serial: int) -> int:
    """So many rounds of looks; how many looks."""
    def text() -> str:
        return " ".join(dice.sample(_WORDS, 3))

    for number in range(rounds):
        await client.go("zero_shot")
        for _ in range(2):
            await client.write("text_input", "Positive prompt 1", text())
        await client.go("")
        await client.write("text_input", "What might", text())
        await client.click("chevron_right")
        await client.go("lab")
        sent = client.sent_to("lab_film")
        for step in range(6):
            patient = f"seed=7;nodule,x={dice.uniform(-9, -4):.2f},y=9,radius=1.2"
            await client.post(sent["route"], {
                "word": sent["word"], "serial": serial + 6 * number + step, "patient": patient,
                "text": "right lung nodule", "chosen": 0, "fine": step == 5,
            })  # fmt: skip
    return 13 * rounds


async def measure(ruler: MemoryRuler, asked: argparse.Namespace) -> None:
    """All of it."""
    clients = [ProtocolClient(ruler.address, {}) for _ in range(asked.clients)]
    for client in clients:
        await client.open()
    ruler.line("opened")
    share, looks = max(asked.rounds // 5, 1), 0
    for part in range(5):
        looks += sum(await asyncio.gather(*(
            use(client, random.Random(100 * part + n), share, 1000 * (part + 1))
            for n, client in enumerate(clients)
        )))  # fmt: skip
        ruler.line(f"{looks} looks")
    for client in clients:
        await client.close()
    await asyncio.sleep(asked.left)
    ruler.line("all have left")
    ruler.line("free given back", "trim")
    print(*{error for client in clients for error in client.errors}, sep="\n")


def main() -> None:
    """Serve, look, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=40, help="of 13 looks, each client")
    parser.add_argument("--left", type=float, default=20, help="seconds after all have left")
    parser.add_argument("--arenas", type=int, default=2,
                        help="MALLOC_ARENA_MAX, by default as `serve` sets it; 0: as it comes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        (folder / "sitecustomize.py").write_text(_WATCHER)
        address = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ, "LRCLR_CACHE": os.environ.get("LRCLR_CACHE", f"{name}/cache"),
            "LRCLR_RUNS": f"{name}/runs", "LRCLR_RECORDS": f"sqlite:///{name}/notes.sqlite",
            "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{name}:{ROOT}", "MEMORY_WATCHED": name,
            **({"MALLOC_ARENA_MAX": str(asked.arenas)} if asked.arenas else {}),
        }  # fmt: skip
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "explorer" / "Home.py"),
                   "--server.port", str(port), "--server.headless", "true"]  # fmt: skip
        with served(command, environment, ROOT, f"{address}/_stcore/health") as process:
            ruler = MemoryRuler(psutil.Process(process.pid), folder, address)
            asyncio.run(measure(ruler, asked))


if __name__ == "__main__":
    main()
