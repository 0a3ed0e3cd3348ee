"""Submissions that try to wear out the judge, or to do their work while nobody looks.

Most are an implementation of ``fold_threshold_network`` (or a cell in front of it) in an otherwise perfect notebook of
a1; there the student's function may call ``fold_threshold_dense``, which runs in the judge.
"""

from __future__ import annotations

from dataclasses import dataclass

RIGHT = """
def fold_threshold_network(layers_, thresholds):
    Ws, bs = [W for W, _ in layers_], [b.copy() for _, b in layers_]
    shift = np.zeros_like(bs[-1])
    for i, t in enumerate(thresholds):
        if i + 1 < len(bs):
            bs[i], bs[i + 1] = fold_threshold_dense(bs[i], t, Ws[i + 1], bs[i + 1])
        else:
            shift = np.zeros_like(bs[i]) + np.asarray(t, bs[i].dtype)
            bs[i] = bs[i] - shift
    return list(zip(Ws, bs)), shift
"""


def body(*lines: str) -> str:
    return "\n".join(["def fold_threshold_network(layers_, thresholds):", *(f"    {line}" for line in lines)]) + "\n"


@dataclass(frozen=True)
class Wearing:
    """A cell to put in front, a source for ``fold_threshold_network``, what it honestly earns and must be told.

    Args:
        copies: how many times the cell stands there.
    """

    cell: str = ""
    source: str = RIGHT
    honest: float = 1.0
    says: str = ""
    copies: int = 1


LIMIT = "time limit of 1 s"
ATTACKS = {
    # -- what the judge does on request is charged to whoever asks
    "endless requests": Wearing(
        source=body("while True: fold_threshold_dense(np.zeros(2), 0.0, np.zeros((2, 2)), np.zeros(2))"),
        honest=0.0,
        says=LIMIT,
    ),
    "endless requests that swallow what they are told": Wearing(
        source=body("while True:", "    try: fold_threshold_dense(1, 2, 3)", "    except BaseException: pass"),
        honest=0.0,
        says=LIMIT,
    ),
    "a small request for a large answer": Wearing(
        source=body("fold_threshold_dense(np.zeros((3000, 1)), 0.0, np.zeros((1, 3000)), np.zeros(1))"),
        honest=0.0,
        says="one frame may carry",
    ),
    "large requests": Wearing(
        source=body(
            "big = np.zeros((1000, 7000))",
            "while True: fold_threshold_dense(np.zeros(1000), 0.0, big, np.zeros(7000))",
        ),
        honest=0.0,
        says=LIMIT,
    ),
    "a request whose result is far larger than its arguments": Wearing(
        source=body("return fold_threshold_dense(np.zeros((1, 1 << 20)), np.zeros((1 << 20, 1)), np.eye(2), 0.0)"),
        honest=0.0,
    ),
    "a request that nothing can encode": Wearing(
        source=body("fold_threshold_dense(object(), 1, 2, 3)"), honest=0.0, says="object"
    ),
    "more requests than any solution needs": Wearing(
        source=body("while True:", "    try: fold_threshold_dense()", "    except TypeError: pass"),
        honest=0.0,
        says=LIMIT,
    ),
    # -- limits are counted in work, and whoever only sleeps ends, too
    "a sleeper": Wearing(source=body("import time", "time.sleep(1e6)"), honest=0.0, says=LIMIT),
    "a sleeper in many small naps": Wearing(
        source=body("import time", "while True: time.sleep(0.001)"), honest=0.0, says=LIMIT
    ),
    "a lock that nobody opens": Wearing(
        source=body("import threading", "threading.Lock().acquire() and threading.Event().wait()"),
        honest=0.0,
        says=LIMIT,
    ),
    "work in other threads": Wearing(
        source=body(
            "import threading, hashlib",
            "def work():",
            "    while True: hashlib.sha256(bytes(1 << 20)).digest()",
            "threads = [threading.Thread(target=work) for _ in range(8)]",
            "[t.start() for t in threads]",
            "[t.join() for t in threads]",
        ),
        honest=0.0,
        says=LIMIT,
    ),
    "an answer that trickles": Wearing(
        source=body(
            "import os, socket, time",
            "ends = []",
            "for number in range(3, 256):",
            "    try: ends.append(socket.socket(fileno=os.dup(number)))",
            "    except OSError: pass",
            "for end in ends: end.send(bytes([255, 0, 0, 0]))",
            "while True:",
            "    for end in ends: end.send(b'x')",
            "    time.sleep(0.04)",
        ),
        honest=0.0,
        says="stopped",
    ),
    "an end closed and a life that goes on": Wearing(
        source=body("import os, time", "os.closerange(3, 256)", "time.sleep(1e6)"), honest=0.0, says="malformed reply"
    ),
    # -- what the judge and the grader have to keep
    "control characters in every cell": Wearing("print('\\x01' * 600_000)", copies=40),
    "colours in every cell": Wearing("print('\\x1b[31m' * 120_000)", copies=40),
    "letters of four bytes in every cell": Wearing("print('\\U0001f600' * 140_000)", copies=40),
    "many small outputs of control characters": Wearing(
        "from IPython.display import display\nfor _ in range(790): display('\\x02' * 190)", copies=30
    ),
    "a traceback of control characters": Wearing("raise type('\\x03' * 60_000, (Exception,), {})('\\x04' * 600_000)"),
    "an error with an endless name": Wearing(
        source=body("raise type('E' * 10_000_000, (Exception,), {})('m' * 10_000_000)"), honest=0.0
    ),
    "a result with many names": Wearing(
        source=body("return {'n' * 5000 + str(i): i for i in range(3000)}"), honest=0.0
    ),
}

# Each cell sets something going and returns; then nobody asks for anything, as while the judge draws or trains.
HEADLESS = """
import ctypes, os, signal, threading, time
kept = []
def unnamed():
    kept.append(open('f', 'wb', buffering=0)); os.unlink('f'); kept[-1].write(bytes(1 << 20))
def end():
    time.sleep(0.3)
    signal.pthread_kill(threading.main_thread().ident, 10)
def go(*_):
    threading.Thread(target=lambda: (time.sleep(0.3), DO, time.sleep(1e6))).start()
    ctypes.CDLL(None).syscall({"x86_64": 60}.get(os.uname().machine, 93), 0)
signal.signal(10, go)
threading.Thread(target=end).start()
"""
WHILE_NOBODY_ASKS = {
    "threads": (
        "import threading, time\nthreading.stack_size(1 << 16)\n"
        "def more():\n    time.sleep(0.3)\n"
        "    while True: threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()\n"
        "threading.Thread(target=more, daemon=True).start()",
        "limit of 256 threads",
    ),
    "memory": (
        "import threading, time\nkept = []\n"
        "def more():\n    time.sleep(0.3)\n"
        "    while True: kept.append(b'x' * (1 << 20)); time.sleep(0.001)\n"
        "threading.Thread(target=more, daemon=True).start()",
        "memory limit of 256 MiB",
    ),
    "processor time": (
        "import threading\ndef more():\n    while True: pass\nthreading.Thread(target=more, daemon=True).start()",
        "time limit of 3 s for the whole submission",
    ),
    "files": (
        "import threading, time, os\n"
        "def more():\n    time.sleep(0.3)\n"
        "    for i in range(600):\n"
        "        with open(f'f{i}', 'wb') as file: file.write(bytes(1 << 20))\n"
        "threading.Thread(target=more, daemon=True).start()",
        "disk limit of 16 MiB",
    ),
    "files without a name": (
        "import threading, time, os\nkept = []\n"
        "def more():\n    time.sleep(0.3)\n"
        "    for i in range(200):\n"
        "        kept.append(open('f', 'wb', buffering=0)); os.unlink('f'); kept[-1].write(bytes(1 << 20))\n"
        "threading.Thread(target=more, daemon=True).start()",
        "disk limit of 16 MiB",
    ),
    "files that are only mapped": (
        "import ctypes, os, threading, time\nlibc = ctypes.CDLL(None)\n"
        "def mapped(file): libc.mmap(None, ctypes.c_size_t(4096), 1, 1, file.fileno(), ctypes.c_long(0))\n"
        "def more():\n    time.sleep(0.3)\n"
        "    for i in range(200):\n"
        "        with open('f', 'w+b', buffering=0) as file:\n"
        "            os.unlink('f'); file.write(bytes(1 << 20)); mapped(file)\n"
        "threading.Thread(target=more, daemon=True).start()",
        "disk limit of 16 MiB",
    ),
    "memory of a process whose main thread has ended": (
        HEADLESS.replace("DO", "[kept.append(b'x' * (1 << 20)) or time.sleep(1e-3) for _ in range(400)]"),
        "memory limit of 256 MiB",
    ),
    "files of a process whose main thread has ended": (
        HEADLESS.replace("DO", "[unnamed() for _ in range(200)]"),
        "disk limit of 16 MiB",
    ),
}

# Of a5: implementations of ``build_deep``, where a student's function may call our residual and fractal blocks.
DEEP = "def build_deep(kind, width=16, n_extra=20, num_classes=10):\n"
NETWORKS = {
    "a fractal of four million layers": (
        DEEP + "    return fractal_block(keras.Input((8, 8, 2)), 2, columns=22)\n",
        "time limit of 3 s",
    ),
    "a layer of a quintillion weights": (DEEP + "    return residual_block(keras.Input((8, 8, 2)), 10**9)\n", "4096"),
    "a batch that grows a thousandfold": (
        DEEP + "    i = keras.Input((32, 32, 3))\n    x = layers.Conv2D(width, 3)(i)\n"
        "    for _ in range(14): x = layers.Concatenate(axis=0)([x, x])\n"
        "    x = layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 3)(x))\n"
        "    return keras.Model(i, x)\n",
        "",
    ),
}
