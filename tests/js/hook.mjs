// A server that takes the station's webhooks, written from docs/events.md: checks each signature, writes down what it
// took, and may refuse.
//
//   node hook.mjs PORT KEY_FILE OUT [STATUS_FILE [TLS_KEY TLS_CERTIFICATE]]
//
// One line in OUT for each request: the id and the body of a good one, or BAD and why. While STATUS_FILE holds a number,
// that is the answer, and nothing is taken.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

const [port, keyFile, out, statusFile, tlsKey, tlsCertificate] = process.argv.slice(2);
const key = readFileSync(keyFile, 'utf8').trim();

function refusal(request, body) {
    const seconds = request.headers['espstation-timestamp'] ?? '';
    if (!/^\d+$/.test(seconds) || Math.abs(Date.now() / 1000 - Number(seconds)) > 300) return 'its time is not now';
    const want = Buffer.from(`sha256=${createHmac('sha256', key).update(`${seconds}.`).update(body).digest('hex')}`);
    const got = Buffer.from(request.headers['espstation-signature'] ?? '');
    if (got.length !== want.length || !timingSafeEqual(got, want)) return 'its signature does not fit';
    const event = JSON.parse(body.toString('utf8'));
    if (event.id !== request.headers['espstation-id']) return 'it has two ids';
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') return 'it has another form';
    return null;
}

function statusAsked() {
    try {
        return Number(readFileSync(statusFile, 'utf8')) || 0;
    } catch {
        return 0;
    }
}

const take = (request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
        const body = Buffer.concat(parts);
        const asked = statusAsked();
        const why = refusal(request, body);
        if (why) appendFileSync(out, `BAD ${why}\n`);
        else if (!asked) appendFileSync(out, `${JSON.parse(body).id} ${body}\n`);
        response.writeHead(asked || (why ? 401 : 204));
        response.end(asked ? 'not now\n' : '');
    });
};
const server = tlsKey ? createTlsServer({ key: readFileSync(tlsKey), cert: readFileSync(tlsCertificate) }, take) : createServer(take);
server.listen(Number(port), '127.0.0.1', () => console.log('ready'));
