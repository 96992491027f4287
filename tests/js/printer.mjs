// A label printer for tests: takes ZPL on a TCP port, answers ~HQES and ~HS as Zebra's ZPL II programming
// guide has it, and misbehaves as it is told. Each label that has come out whole is appended to a file.
//
//   node printer.mjs PORT_FILE LABEL_FILE CONTROL_FILE
//
// CONTROL_FILE holds words; it is read before each answer and label:
//   media-out head-open paused   what it tells of, and prints nothing meanwhile
//   silent                       answers nothing
//   half                         ends the connection in the next label, of which nothing is printed
//   keep                         takes labels and keeps them in its memory
//   lose                         ends the connection behind the next label, and has forgotten it
//   nonsense                     answers, but not as a printer of ZPL
import fs from 'node:fs';
import net from 'node:net';

const [portFile, labelFile, controlFile] = process.argv.slice(2);
const control = () => { try { return fs.readFileSync(controlFile, 'utf8').split(/\s+/); } catch { return []; } };
const take = word => fs.writeFileSync(controlFile, control().filter(w => w !== word).join(' '));
const is = word => control().includes(word);
let memory = []; // labels that wait
let partial = ''; // of a label that has not ended

const faulty = () => is('media-out') || is('head-open') || is('paused') || is('keep');
function printAll() {
  if (faulty()) return;
  for (const label of memory) fs.appendFileSync(labelFile, label + '\n');
  memory = [];
}

function errors() {
  const bits = (is('media-out') ? 1 : 0) | (is('head-open') ? 4 : 0);
  const flag = bits ? 1 : 0;
  return `\x02\r\n  PRINTER STATUS                                                       \r\n   ERRORS:         ${flag} 00000000 ${bits.toString(16).padStart(8, '0')}\r\n   WARNINGS:       0 00000000 00000000\r\n\x03`;
}

function status() {
  const b = on => (on ? 1 : 0);
  return `\x02030,${b(is('media-out'))},${b(is('paused'))},0240,${String(memory.length).padStart(3, '0')},0,0,${b(partial)},000,0,0,0\x03\r\n`
    + `\x02000,0,${b(is('head-open'))},0,0,2,4,0,${String(memory.length ? 1 : 0).padStart(8, '0')},1,000\x03\r\n\x021234,0\x03\r\n`;
}

function answer(socket, text) {
  if (is('silent')) return;
  socket.write(is('nonsense') ? 'hello\x03\x03\x03' : text);
}

function consume(socket, text) {
  partial += text;
  if (is('half') && partial.includes('^XA')) { // whether the label's end has come with it or not
    take('half');
    partial = partial.slice(0, partial.indexOf('^XA') + 3);
    socket.destroy();
    return;
  }
  for (;;) {
    const at = partial.search(/~HQES|~HS|~JX|\^XZ/);
    if (at < 0) break;
    const word = partial.slice(at).match(/^(~HQES|~HS|~JX|\^XZ)/)[0];
    const before = partial.slice(0, at);
    partial = partial.slice(at + word.length).replace(/^[\r\n]+/, '');
    if (word === '~HQES') { partial = before + partial; answer(socket, errors()); }
    if (word === '~HS') { const rest = partial; partial = before; printAll(); answer(socket, status()); partial += rest; }
    if (word === '~JX') continue; // what came before is thrown away
    if (word !== '^XZ') continue;
    if (is('lose')) { take('lose'); socket.destroy(); return; }
    memory.push(`${before}^XZ`);
    printAll();
  }
  partial = partial.replace(/^[\r\n]+$/, '');
}

const server = net.createServer(socket => {
  socket.setEncoding('latin1');
  socket.on('data', text => consume(socket, text));
  socket.on('error', () => {});
});
server.listen(Number(process.env.PRINTER_PORT ?? 0), '127.0.0.1', () => {
  fs.writeFileSync(portFile + '.new', String(server.address().port));
  fs.renameSync(portFile + '.new', portFile);
});
