#!/usr/bin/env bash
# pymodbus: mask_write_register and readwrite_registers drop their `slave=7` and go out to unit 0.
#
# Guessed: `slave=` is the unit of the request for each function of the client, as its docstrings say.
# Version: Debian python3-pymodbus 3.0.0-7 (it calls itself 3.0.0.rc1), with python3-serial-asyncio 0.6-4, without which the
#     client does not import.
# Seen: functions 3 and 6 carry unit 07 in the header, functions 22 and 23 carry 00, and no error says so. Unit 0 means all on a
#     serial line: behind a gateway the write would be done by every device.
# So: functions 3 and 16, one after the other, with this release.
. "$(dirname "$0")/lib.sh"
need python3
debian_packages python3-pymodbus=3.0.0-7 python3-serial-asyncio=0.6-4 python3-serial=3.5-1.1 python3-six
cd "$tmp" || exit 2
cat >t.py <<'END'
import logging, socket, threading
from pymodbus.client import ModbusTcpClient
logging.disable(logging.CRITICAL)
server = socket.create_server(("127.0.0.1", 0))
units = []

def serve():
    peer, _ = server.accept()
    while request := peer.recv(300):
        units.append("%02x" % request[6])
        function = request[7]
        body = {3: b"\x03\x02\x00\x01", 23: b"\x17\x02\x00\x01"}.get(function, request[7:])
        peer.sendall(request[:4] + (len(body) + 1).to_bytes(2, "big") + request[6:7] + body)

threading.Thread(target=serve, daemon=True).start()
client = ModbusTcpClient("127.0.0.1", port=server.getsockname()[1])
client.connect()
client.read_holding_registers(0, 1, slave=7)
client.write_register(0, 1, slave=7)
client.mask_write_register(address=0, and_mask=1, or_mask=2, slave=7)
client.readwrite_registers(read_address=0, read_count=1, write_address=0, write_registers=[1], slave=7)
print("read, write, mask, read and write:", *units)
client.close()
END
judge "read, write, mask, read and write: 07 07 00 00" "$(PYTHONPATH=$root/usr/lib/python3/dist-packages python3 t.py 2>&1)"
