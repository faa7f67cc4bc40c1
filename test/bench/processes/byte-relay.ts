import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

export interface ByteRelay {
  readonly port: number;
  /** That the target has sent so far, over all connections. */
  readonly bytesFromTarget: number;
  stop(): Promise<void>;
}

/** Stands before a port of loopback, and counts. */
export async function startByteRelay(targetPort: number): Promise<ByteRelay> {
  let bytesFromTarget = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = createConnection(targetPort, '127.0.0.1');
    target.on('data', (chunk: Buffer) => {
      bytesFromTarget += chunk.length;
    });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.pipe(other);
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get bytesFromTarget() {
      return bytesFromTarget;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
