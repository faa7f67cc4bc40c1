import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { HttpConnection } from './http-connection.js';

/** Answers each request with these pieces, as separate packets. */
async function answering(pieces: readonly string[]) {
  const server = createServer((socket: Socket) => {
    socket.setNoDelay(true);
    socket.on('data', async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise(setImmediate);
      }
    });
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, stop: () => server.close() };
}

async function statusesOf(pieces: readonly string[], requests: number): Promise<number[]> {
  const { port, stop } = await answering(pieces);
  const statuses: number[] = [];
  let connection: HttpConnection | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const opened = new HttpConnection(port, reject);
      connection = opened;
      const send = () =>
        opened.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'), (status) => {
          statuses.push(status);
          if (statuses.length < requests) send();
          else resolve();
        });
      send();
    });
    return statuses;
  } finally {
    connection?.close();
    stop();
  }
}

describe('a connection of the generator of load', () => {
  it.each<[what: string, pieces: string[], status: number]>([
    ['whole', ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'], 200],
    ['in pieces', ['HTTP/1.1 401 Unau', 'thorized\r\ncontent-le', 'ngth: 5\r\n\r', '\nhe', 'llo'], 401],
    ['without a body', ['HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'], 404],
    ['of 204, which has no length', ['HTTP/1.1 204 No Content\r\n\r\n'], 204],
  ])('reads answers %s', async (_what, pieces, status) => {
    expect(await statusesOf(pieces, 3)).toEqual([status, status, status]);
  });

  it.each<[what: string, pieces: string[], message: string]>([
    ['without a length', ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'], 'without Content-Length'],
    ['longer than they say', ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello'], 'longer than it says'],
  ])('fails at answers %s', async (_what, pieces, message) => {
    await expect(statusesOf(pieces, 1)).rejects.toThrow(message);
  });
});
