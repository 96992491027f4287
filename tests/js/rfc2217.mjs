// A serial port behind an RFC 2217 server, in the shape of the browsers' Web Serial API, which is
// what esptool-js talks to: open, close, readable, writable, setSignals, getInfo; and setBaudRate,
// which esptool-js prefers to closing and opening where a port has it.
//
// Written from RFC 854 (telnet), RFC 856 (binary), RFC 858 (go ahead) and RFC 2217 alone, so that
// the tests hear a second opinion about both our server and our client.

import net from "node:net";

const IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240;
const BINARY = 0, SUPPRESS_GO_AHEAD = 3, COM_PORT = 44;
const WANTED = [BINARY, SUPPRESS_GO_AHEAD, COM_PORT];

const SET_BAUDRATE = 1, SET_DATASIZE = 2, SET_PARITY = 3, SET_STOPSIZE = 4, SET_CONTROL = 5;
const PURGE_DATA = 12;
const FROM_SERVER = 100; // a server's answer has the command's number plus this
const NO_FLOW_CONTROL = 1, DTR_ON = 8, DTR_OFF = 9, RTS_ON = 11, RTS_OFF = 12;
const PURGE_BOTH = 3;

const ANSWER_MS = 5000;

function doubled(bytes) {
  const out = [];
  for (const b of bytes) {
    out.push(b);
    if (b === IAC) out.push(IAC);
  }
  return out;
}

function command(number, value) {
  return [IAC, SB, COM_PORT, number, ...doubled(value), IAC, SE];
}

function bigEndian(n) {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

// Takes the telnet stream apart, however it was cut into pieces.
class TelnetDecoder {
  constructor(onData, onVerb, onAnswer) {
    Object.assign(this, { onData, onVerb, onAnswer, state: this.data, plain: [], sub: [] });
  }

  push(bytes) {
    for (const b of bytes) this.state(b);
    if (this.plain.length > 0) this.onData(Uint8Array.from(this.plain));
    this.plain = [];
  }

  data(b) {
    if (b === IAC) this.state = this.afterIac;
    else this.plain.push(b);
  }

  afterIac(b) {
    this.state = this.data;
    if (b === IAC) {
      this.plain.push(b);
    } else if (b === SB) {
      this.sub = [];
      this.state = this.inSub;
    } else if (b >= WILL) {
      this.verb = b;
      this.state = this.afterVerb;
    }
  }

  afterVerb(b) {
    this.state = this.data;
    this.onVerb(this.verb, b);
  }

  inSub(b) {
    if (b === IAC) this.state = this.inSubAfterIac;
    else this.sub.push(b);
  }

  inSubAfterIac(b) {
    this.state = this.inSub;
    if (b === IAC) {
      this.sub.push(b);
      return;
    }
    this.state = this.data;
    if (b === SE && this.sub[0] === COM_PORT) this.onAnswer(this.sub[1], this.sub.slice(2));
  }
}

export class Rfc2217Port {
  // url: rfc2217://host:port; usb: what the port says it is, as if it were local
  constructor(url, usb = {}) {
    const match = /^rfc2217:\/\/(.+):(\d+)$/.exec(url);
    if (!match) throw new Error(`not an RFC 2217 port: ${url}`);
    this.url = url;
    this.usb = usb;
    this.host = match[1];
    this.tcpPort = Number(match[2]);
    this.readable = null;
    this.writable = null;
  }

  getInfo() {
    return this.usb;
  }

  async open({ baudRate }) {
    this.waiting = []; // for answers, in the order of the questions
    this.peerDoes = new Set(); // the server said WILL
    this.peerWants = new Set(); // the server said DO
    const decoder = new TelnetDecoder(
      (bytes) => this.controller?.enqueue(bytes),
      (verb, option) => this.#takeVerb(verb, option),
      (number, value) => this.#takeAnswer(number, value),
    );
    // Nobody reads any more after a cancel, but the board may go on talking.
    this.readable = new ReadableStream({
      start: (controller) => (this.controller = controller),
      cancel: () => (this.controller = null),
    });
    this.writable = new WritableStream({ write: (bytes) => this.#send(doubled(bytes)) });
    this.socket = net.connect(this.tcpPort, this.host);
    this.socket.setNoDelay(true);
    this.socket.on("data", (bytes) => decoder.push(bytes));
    this.socket.on("error", (error) => this.#lost(error));
    this.socket.on("close", () => this.#lost(new Error("the server closed the connection")));
    await this.#negotiate();
    await this.setBaudRate(baudRate);
    await this.#ask([SET_DATASIZE, [8]], [SET_PARITY, [1]], [SET_STOPSIZE, [1]],
                    [SET_CONTROL, [NO_FLOW_CONTROL]], [PURGE_DATA, [PURGE_BOTH]]);
  }

  async close() {
    const socket = this.socket;
    this.socket = null; // from here on nothing is a surprise
    this.readable = null;
    this.writable = null;
    if (!socket) return;
    // Until the server has closed too: it lets one client in at a time, and turns the next one away.
    await new Promise((done) => {
      const timer = setTimeout(done, ANSWER_MS);
      socket.once("close", () => done(clearTimeout(timer)));
      socket.end();
    });
    socket.destroy();
  }

  async setBaudRate(baud) {
    const [value] = await this.#ask([SET_BAUDRATE, bigEndian(baud)]);
    const got = value.reduce((sum, b) => sum * 256 + b, 0);
    if (got !== baud) throw new Error(`${this.url} is at ${got} baud, not at ${baud}`);
  }

  // Lines that are not named stay as they are. Both travel in one piece, DTR first.
  async setSignals({ dataTerminalReady, requestToSend }) {
    const wanted = [];
    if (dataTerminalReady !== undefined)
      wanted.push([SET_CONTROL, [dataTerminalReady ? DTR_ON : DTR_OFF]]);
    if (requestToSend !== undefined) wanted.push([SET_CONTROL, [requestToSend ? RTS_ON : RTS_OFF]]);
    const answers = await this.#ask(...wanted);
    wanted.forEach(([, [want]], i) => {
      if (answers[i][0] !== want) throw new Error(`${this.url} did not set its lines`);
    });
  }

  // ---- Inside ----

  #send(bytes) {
    return new Promise((done, fail) => {
      if (!this.socket) fail(new Error(`${this.url} is closed`));
      else this.socket.write(Uint8Array.from(bytes), (error) => (error ? fail(error) : done()));
    });
  }

  #lost(error) {
    if (!this.socket) return;
    for (const w of this.waiting.splice(0)) w.fail(error);
    this.socket.destroy();
    this.socket = null;
    this.controller?.error(error);
  }

  #wait(number, what) {
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`${this.url}: no answer to ${what}`)), ANSWER_MS);
      const settle = (f) => (x) => {
        clearTimeout(timer);
        f(x);
      };
      this.waiting.push({ number, done: settle(done), fail: settle(fail) });
    });
  }

  // Each question is [number, value]; all are sent at once. Gives the values of the answers.
  async #ask(...questions) {
    const answers = questions.map(([number]) => this.#wait(number, `command ${number}`));
    const sent = this.#send(questions.flatMap(([number, value]) => command(number, value)));
    return (await Promise.all([sent, ...answers])).slice(1);
  }

  #takeAnswer(number, value) {
    const i = this.waiting.findIndex((w) => w.number + FROM_SERVER === number);
    if (i >= 0) this.waiting.splice(i, 1)[0].done(value); // else a notice nobody asked for
  }

  // We have asked for everything we want, so agreement needs no answer, and only what we do not
  // want is refused.
  #takeVerb(verb, option) {
    const known = WANTED.includes(option);
    if (verb === WILL && known) this.peerDoes.add(option);
    else if (verb === DO && known) this.peerWants.add(option);
    else if (verb === WILL) this.#refuse(DONT, option);
    else if (verb === DO) this.#refuse(WONT, option);
    else if (known) this.#lost(new Error(`the server refuses telnet option ${option}`));
    const agreed = this.peerWants.has(COM_PORT) &&
      [BINARY, SUPPRESS_GO_AHEAD].every((o) => this.peerDoes.has(o) && this.peerWants.has(o));
    const i = this.waiting.findIndex((w) => w.number === "agreement");
    if (agreed && i >= 0) this.waiting.splice(i, 1)[0].done();
  }

  #refuse(verb, option) {
    this.#send([IAC, verb, option]).catch((error) => this.#lost(error));
  }

  async #negotiate() {
    const agreement = this.#wait("agreement", "our telnet options");
    const sent = this.#send(WANTED.flatMap((option) => [IAC, WILL, option, IAC, DO, option]));
    await Promise.all([sent, agreement]);
  }
}
