// Servers that mean harm, for tests/integration/security.sh. Each listens on a free port of the loopback;
// the file given gets a line "NAME PORT" for each.
//
//   node hostile.mjs FILE
import { createServer } from 'node:net';
import { writeFileSync, renameSync } from 'node:fs';

const IAC = 255, SB = 250, SE = 240, WILL = 251, DO = 253, COM = 44;
const yes = Buffer.from([IAC, DO, COM, IAC, WILL, COM, IAC, DO, 0, IAC, WILL, 0, IAC, DO, 3, IAC, WILL, 3]);
const ESC = '\x1b[2J\x1b]0;PASS\x07\x1b[1;32mslot 1: PASS\r\n\u202e\u009b';

// Confirms the rate it is asked for, so that the port opens; then does its harm.
const speak = (socket, harm) => {
    let open = false;
    socket.write(yes);
    socket.on('data', (data) => {
        const at = data.indexOf(Buffer.from([IAC, SB, COM, 1]));
        if (at < 0) return;
        socket.write(Buffer.concat([Buffer.from([IAC, SB, COM, 101]), data.subarray(at + 4, at + 8),
            Buffer.from([IAC, SE])]));
        if (!open) harm();
        open = true;
    });
};

// Some megabytes a second each, so that one process has time for all.
const forever = (socket, bytes) => {
    const chunk = Buffer.concat(Array(Math.ceil(16384 / bytes.length)).fill(bytes));
    const more = () => {
        if (socket.destroyed) return;
        if (socket.writableLength < 65536) socket.write(chunk);
        setTimeout(more, 3);
    };
    more();
};

let state = 1;
const noise = Buffer.from({ length: 65536 }, () => 0).map(() => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return (state >> 16) & 0xfe; // no IAC: the telnet layer passes all of it on
});

const servers = {
    // Takes the connection and says nothing.
    silent: () => {},
    // Turns away, with words that would clear the screen and paint a PASS.
    painter: (socket) => socket.end(ESC, () => socket.destroy()),
    // Speaks the protocol, then paints as the board: as its boot log, without end.
    log: (socket) => speak(socket, () =>
        forever(socket, Buffer.from('rst:0x1 (POWERON_RESET),boot:0x13\r\n' + ESC.repeat(50)))),
    // Speaks the protocol, then floods with noise: frames that begin and never end, and worse.
    noise: (socket) => speak(socket, () => forever(socket, noise)),
    // Answers every request of the loader with success, and with far too many bytes.
    flatterer: (socket) => speak(socket, () => forever(socket,
        Buffer.concat([Buffer.from([0xc0, 1, 8, 2, 0, 7, 7, 0x12, 0x20, 0, 0, 0xc0]), Buffer.alloc(3000, 0x55)]))),
    // Begins a command and never ends it.
    endless: (socket) => {
        socket.write(Buffer.from([IAC, SB, COM]));
        forever(socket, Buffer.alloc(16384, 0x41));
    },
    // Says yes and no in turns, for ever.
    stubborn: (socket) => forever(socket, Buffer.from([IAC, 251, 1, IAC, 252, 1, IAC, 253, 1, IAC, 254, 1])),
    // One byte a while, never what is waited for.
    drip: (socket) => { const t = setInterval(() => socket.write('.'), 50); socket.on('close', () => clearInterval(t)); },
};

const ports = [];
for (const [name, serve] of Object.entries(servers)) {
    const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.resume();
        serve(socket);
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    ports.push(`${name} ${server.address().port}\n`);
}
writeFileSync(process.argv[2] + '.new', ports.join(''));
renameSync(process.argv[2] + '.new', process.argv[2]);
