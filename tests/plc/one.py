#!/usr/bin/python3
"""A PLC made with pymodbus that does what it is told, line by line, and says what came of it.

    one.py PORT

wait SLOT ready | cycle SLOT CYCLE | both CYCLE1 CYCLE2 | start SLOT CYCLE | full SLOT | silence
"""
import sys
import threading
import time

from pymodbus.client import ModbusTcpClient

START, ACK = 1, 2
NAMES = ["ready", "busy", "done", "pass", "fail", "error"]
ENOUGH_S = 50

client = ModbusTcpClient("127.0.0.1", port=int(sys.argv[1]), timeout=10)
if not client.connect():
    raise SystemExit("cannot connect")
lock = threading.Lock()
beats = True


def read(first, count):
    with lock:
        reply = client.read_holding_registers(first, count, slave=1)
    if reply.isError():
        raise SystemExit(f"reading {first}: {reply}")
    return reply.registers


def write(first, values):
    with lock:
        reply = client.write_registers(first, values, slave=1)
    if reply.isError():
        raise SystemExit(f"writing {first}: {reply}")


def beat():
    n = 0
    while True:
        if beats:
            n = n % 65535 + 1
            write(0, [n])
        time.sleep(0.3)


def status(slot):
    bits = read(2000 + 16 * (slot - 1), 1)[0]
    return [name for i, name in enumerate(NAMES) if bits >> i & 1]


def wait_for(slot, name):
    end = time.monotonic() + ENOUGH_S
    while name not in status(slot):
        if time.monotonic() > end:
            raise TimeoutError(f"slot {slot} is {status(slot)}, not {name}")
        time.sleep(0.02)


def command(slot, bits, cycle):
    write(1000 + 2 * (slot - 1), [bits, cycle])


def result(slot):
    r = read(2000 + 16 * (slot - 1), 16)
    mac = ":".join(f"{r[5 + i // 2] >> (8 if i % 2 == 0 else 0) & 0xFF:02x}" for i in range(6))
    words = [name for i, name in enumerate(NAMES) if i > 2 and r[0] >> i & 1]
    return f"{'+'.join(words)} cycle={r[1]} cause={r[2]} mac={mac} run={r[8] << 16 | r[9]}"


def begin(slot, cycle):
    wait_for(slot, "ready")
    command(slot, START, cycle)
    if "ready" in status(slot):
        raise SystemExit(f"slot {slot} does not take START")


def end(slot, cycle):
    wait_for(slot, "done")
    said = result(slot)
    command(slot, START | ACK, cycle)
    command(slot, 0, cycle)
    return said


def obey(words):
    global beats
    what, numbers = words[0], [int(w) for w in words[1:] if w.isdigit()]
    if what == "wait":
        wait_for(numbers[0], words[2])
        return words[2]
    if what == "cycle":
        begin(*numbers)
        return end(*numbers)
    if what == "both":
        for slot in (1, 2):
            begin(slot, numbers[slot - 1])
        return " ".join(end(slot, numbers[slot - 1]) for slot in (1, 2))
    if what == "start":
        command(numbers[0], START, numbers[1])
        return "nothing" if not status(numbers[0]) else " ".join(status(numbers[0]))
    if what == "full":
        end_at = time.monotonic() + ENOUGH_S
        while not read(16, 1)[0] & 1 << 7 and time.monotonic() < end_at:
            time.sleep(0.02)
        return ("lot full, " if read(16, 1)[0] & 1 << 7 else "") + \
            ("ready" if "ready" in status(numbers[0]) else "not ready")
    if what == "silence":
        beats = False
        end_at = time.monotonic() + ENOUGH_S
        while not read(16, 1)[0] & 1 << 6 and time.monotonic() < end_at:
            time.sleep(0.02)
        return "comm fault" if read(16, 1)[0] & 1 << 6 else "no fault"
    return "?"


for slot in (1, 2):
    command(slot, 0, 0)
threading.Thread(target=beat, daemon=True).start()
for line in sys.stdin:
    try:
        print(obey(line.split()), flush=True)
    except TimeoutError as e:
        print(e, flush=True)
