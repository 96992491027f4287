#!/usr/bin/env bash
# ser2net says inside the data that it cannot open the device: a raw client takes the sentence for words of the board.
#
# Guessed: a connection to a port whose device is not there is refused, or accepted and closed without a byte; on a raw port (no
#     Telnet) nothing else can be told from data.
# Version: Debian ser2net 4.3.11-1 with libgensio4 2.6.2-4.
# Seen: the connection is accepted, "Device open failure: Value or file not found" comes as the first data, then it is closed. Under
#     RFC 2217 the whole Telnet greeting comes before it, so the port looks like a good one up to there.
# So: text and then the end within the first second is "no device"; it is not the board's, and no boot message is in it.
. "$(dirname "$0")/lib.sh"
need python3
debian_packages ser2net=4.3.11-1 libgensio4=2.6.2-4 libyaml-0-2 libavahi-client3 libavahi-common3 libdbus-1-3 libsctp1 libwrap0 \
    libnsl2 libtirpc3
cd "$tmp" || exit 2
cat >t.py <<'END'
import socket, subprocess, sys, time
for mode in ("tcp", "telnet(rfc2217),tcp"):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with open("a.yaml", "w") as f:
        print(f"connection: &a\n  accepter: {mode},127.0.0.1,{port}\n"
              "  connector: serialdev,/dev/serial/by-id/not-there,115200n81,local", file=f)
    server = subprocess.Popen([sys.argv[1], "-n", "-d", "-c", "a.yaml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                peer = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.1)
        else:
            sys.exit("ser2net does not listen")
        peer.settimeout(5)
        got = b""
        try:
            while part := peer.recv(1000):
                got += part
            end = "closed"
        except ConnectionResetError:
            end = "closed"
        except TimeoutError:
            end = "open"
        text = got[got.find(b"Device"):].decode().strip() if b"Device" in got else "-"
        print(f"{mode}: {'Telnet options, ' if got[:1] == bytes([255]) else ''}{text}, {end}")
    finally:
        server.kill()
        server.wait()
END
seen=$(python3 t.py "$root/usr/sbin/ser2net" 2>&1)
grep -q 'does not listen' <<<"$seen" && cannot "ser2net did not start"
judge "tcp: Device open failure: Value or file not found, closed
telnet(rfc2217),tcp: Telnet options, Device open failure: Value or file not found, closed" "$seen"
