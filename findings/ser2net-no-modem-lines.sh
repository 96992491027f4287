#!/usr/bin/env bash
# pyserial cannot open a port of ser2net whose device has no modem lines: ser2net does not answer when DTR or RTS is set.
#
# Guessed: RFC 2217 has the server answer each SET-CONTROL with the state that holds then. On a device without DTR and RTS that is
#     some answer, and a client opens the port and lives without the lines.
# Versions: Debian ser2net 4.3.11-1 with libgensio4 2.6.2-4; python3-serial 3.5-1.1. The device is a pseudo-terminal, on which
#     Linux refuses the modem lines.
# Seen: the questions for the state of DTR (7) and RTS (10) are answered with 107 and 110, that is with the question. Setting them
#     (8, 9, 11, 12) is not answered at all, while flow control (1) and the rate are. pyserial sets both on opening and waits:
#     "timeout while waiting for option 'control'" after 3 seconds, for a port over which data would pass.
# So: no answer to SET-CONTROL is a device without lines, not a dead server; a client goes on with the data.
. "$(dirname "$0")/lib.sh"
need python3
debian_packages ser2net=4.3.11-1 libgensio4=2.6.2-4 libyaml-0-2 libavahi-client3 libavahi-common3 libdbus-1-3 libsctp1 \
    libwrap0 libnsl2 libtirpc3 python3-serial=3.5-1.1
cd "$tmp" || exit 2
cat >t.py <<'END'
import os, pty, socket, subprocess, sys, time
import serial
keep, device = pty.openpty()
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
with open("a.yaml", "w") as f:
    print(f"connection: &a\n  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}\n"
          f"  connector: serialdev,{os.ttyname(device)},115200n81,local", file=f)
server = subprocess.Popen([sys.argv[1], "-n", "-d", "-c", "a.yaml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def dial():
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            time.sleep(0.1)
    sys.exit("ser2net does not listen")

def set_control(peer, value):
    peer.sendall(bytes([255, 250, 44, 5, value, 255, 240]))
    got = b""
    peer.settimeout(2)
    try:
        while not got.endswith(b"\xff\xf0"):
            got += peer.recv(100)
        return got[-3]
    except TimeoutError:
        return "-"

try:
    peer = dial()
    peer.sendall(bytes([255, 251, 44]))
    time.sleep(1)
    peer.recv(1000)
    print("SET-CONTROL:", *(f"{v}>{set_control(peer, v)}" for v in (1, 7, 8, 9, 10, 11, 12)))
    peer.close()
    time.sleep(1)
    try:
        serial.serial_for_url(f"rfc2217://127.0.0.1:{port}", timeout=1)
        print("pyserial opens it")
    except serial.SerialException as e:
        print("pyserial:", e)
finally:
    server.kill()
END
seen=$(PYTHONPATH=$root/usr/lib/python3/dist-packages python3 t.py "$root/usr/sbin/ser2net" 2>&1)
grep -q 'does not listen' <<<"$seen" && cannot "ser2net did not start"
judge "SET-CONTROL: 1>1 7>7 8>- 9>- 10>10 11>- 12>-
pyserial: timeout while waiting for option 'control'" "$seen"
