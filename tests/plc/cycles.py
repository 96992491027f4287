#!/usr/bin/python3
"""A PLC made with pymodbus: so many cycles in all slots at once, as docs/plc.md describes them.

    cycles.py PORT SLOTS CYCLES [SEED]

Each result must belong to its cycle and be the one that its run has (tests/tools/plc_floor.c). What a
bad network does is done on purpose: connections end right behind a write, writes come twice, START
is written again and again, goes up while it must not, and other clients send nonsense. Prints the
cycles of each slot; ends with 1 at the first thing that is wrong.
"""
import random
import socket
import sys
import time

from pymodbus.client import ModbusTcpClient

START, ACK, ABORT = 1, 2, 4
READY, BUSY, DONE, PASS, FAIL, ERROR = range(6)  # masks at 100, 116, ...
COMMANDS, RESULTS = 1000, 2000

port, slots, wanted = (int(x) for x in sys.argv[1:4])
chance = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)


class Plc:
    def __init__(self):
        self.client = None
        self.beat = 0
        self.beat_at = 0.0
        self.lost = 0
        self.connect()

    def connect(self):
        if self.client:
            self.client.close()
        self.client = ModbusTcpClient("127.0.0.1", port=port, timeout=10)
        if not self.client.connect():
            raise SystemExit("cannot connect")

    def read(self, first, count):
        reply = self.client.read_holding_registers(first, count, slave=1)
        if reply.isError():
            raise SystemExit(f"reading {first}: {reply}")
        return reply.registers

    def write(self, first, values):
        what = chance.random()
        if what < 0.02:  # the reply never comes: it is written again on another connection
            frame = bytes([0, 9, 0, 0, 0, 7 + 2 * len(values), 1, 16]) + first.to_bytes(2, "big")
            frame += len(values).to_bytes(2, "big") + bytes([2 * len(values)])
            frame += b"".join(v.to_bytes(2, "big") for v in values)
            self.client.socket.sendall(frame)
            self.connect()
            self.lost += 1
        times = 2 if what > 0.97 else 1  # a request that comes twice
        for _ in range(times):
            reply = self.client.write_registers(first, values, slave=1)
            if reply.isError():
                raise SystemExit(f"writing {first}: {reply}")

    def keep_beating(self):
        if time.monotonic() - self.beat_at > 0.3:
            self.beat = self.beat % 65535 + 1
            self.client.write_register(0, self.beat, slave=1)
            self.beat_at = time.monotonic()


class Slot:
    def __init__(self, number):
        self.number = number
        self.command = [0, 0]
        self.step = "wait"
        self.cycles = 0
        self.last_run = 0
        self.passed = self.failed = self.errors = 0

    def want(self, command):
        self.command[0] = command

    def judge(self, plc):
        r = plc.read(RESULTS + 16 * (self.number - 1), 16)
        run = r[8] << 16 | r[9]
        mac = [0x240A, 0xC400 | run >> 16 & 0xFF, run & 0xFFFF]
        if r[1] != self.command[1]:
            raise SystemExit(f"slot {self.number}: result of cycle {r[1]}, not {self.command[1]}")
        if run <= self.last_run:
            raise SystemExit(f"slot {self.number}: run {run} behind {self.last_run}")
        must = ERROR if run % 31 == 0 else FAIL if run % 7 == 0 else PASS
        if r[0] != 1 << DONE | 1 << must:
            raise SystemExit(f"slot {self.number}: run {run} has status {r[0]:#x}")
        if r[5:8] != mac:
            raise SystemExit(f"slot {self.number}: run {run} has MAC {r[5:8]}, not {mac}")
        self.last_run = run
        self.cycles += 1
        self.passed += must == PASS
        self.failed += must == FAIL
        self.errors += must == ERROR

    def go(self, plc, is_set):
        bits = [is_set(what, self.number) for what in range(6)]
        if sum(bits[PASS:]) > 1 or (any(bits[PASS:]) != bits[DONE]):
            raise SystemExit(f"slot {self.number}: masks {bits}")
        if self.step == "wait" and bits[READY]:
            self.command[1] = self.command[1] % 65535 + 1
            self.want(START)
            self.step = "started"
        elif self.step == "started" and bits[BUSY] and chance.random() < 0.05:
            self.want(self.command[0] ^ START)  # down and up while it is busy: nothing
        elif self.step == "started" and bits[DONE]:
            self.judge(plc)
            self.want(START | ACK)
            self.step = "acknowledged"
        elif self.step == "acknowledged" and not bits[DONE]:
            self.want(0)
            self.step = "wait"
        elif bits[READY] and self.step == "started":
            raise SystemExit(f"slot {self.number}: the start of cycle {self.command[1]} is lost")


def disturb():
    """Somebody else on the network, who is gone again at once."""
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(chance.choice([b"GET / HTTP/1.1\r\n\r\n", b"\0\1\0\0\0\6\1\3\0", bytes(12), b"",
                             b"\0\1\0\0\0\6\1\6\7\xd0\0\1"]))
    s.close()


plc = Plc()
all_slots = [Slot(n + 1) for n in range(slots)]
rounds = 0
while min(s.cycles for s in all_slots) * slots < wanted:
    plc.keep_beating()
    masks = plc.read(100, 96)
    before = [list(s.command) for s in all_slots]
    for s in all_slots:
        s.go(plc, lambda what, n: masks[16 * what + (n - 1) // 16] >> (n - 1) % 16 & 1 == 1)
    if before != [s.command for s in all_slots] or chance.random() < 0.3:
        plc.write(COMMANDS, [w for s in all_slots for w in s.command])
    if chance.random() < 0.01:
        disturb()
    rounds += 1
# What was begun is brought to its end: as many starts as cycles.
while any(s.step != "wait" for s in all_slots):
    plc.keep_beating()
    masks = plc.read(100, 96)
    for s in all_slots:
        if s.step != "wait":
            s.go(plc, lambda what, n: masks[16 * what + (n - 1) // 16] >> (n - 1) % 16 & 1 == 1)
    plc.write(COMMANDS, [w for s in all_slots for w in s.command])
print(" ".join(str(s.cycles) for s in all_slots))
print(f"{sum(s.cycles for s in all_slots)} cycles, {sum(s.passed for s in all_slots)} passed, "
      f"{sum(s.failed for s in all_slots)} failed, {sum(s.errors for s in all_slots)} errors, "
      f"{plc.lost} replies lost, {rounds} rounds", file=sys.stderr)
