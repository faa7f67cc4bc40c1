import { createConnection, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
/** Where the status stands in `HTTP/1.1 200 OK`. */
const STATUS_START = 9;
const STATUS_END = 12;

export type OnAnswer = (status: number) => void;

/**
 * A keep-alive connection with one request under way at a time, which reads of an answer no more than its status and its
 * length: a generator of load must cost less than what it measures.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #head: Buffer | null = null;
  /** Bytes of the body that are still to come. */
  #missing = 0;
  #status = 0;
  #onAnswer: OnAnswer | null = null;

  /** @param fail is called once, when the connection breaks or answers what cannot be understood. */
  constructor(port: number, fail: (error: Error) => void) {
    this.#socket = createConnection(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        this.#read(chunk);
      } catch (error) {
        this.#socket.destroy(error as Error);
      }
    });
    this.#socket.once('error', fail);
    this.#socket.once('end', () => this.#socket.destroy(new Error('the server has ended a connection')));
  }

  get isIdle(): boolean {
    return this.#onAnswer === null;
  }

  send(request: Buffer, onAnswer: OnAnswer): void {
    this.#onAnswer = onAnswer;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#onAnswer === null) throw new Error('an answer to no request');
    if (this.#missing > 0) {
      this.#missing -= chunk.length;
    } else {
      const head = this.#head === null ? chunk : Buffer.concat([this.#head, chunk]);
      const end = head.indexOf(HEAD_END);
      this.#head = end === -1 ? head : null;
      if (end === -1) return;
      this.#status = Number(head.toString('latin1', STATUS_START, STATUS_END));
      this.#missing = end + HEAD_END.length + this.#bodyLength(head.toString('latin1', 0, end)) - head.length;
    }
    if (this.#missing < 0) throw new Error('an answer is longer than it says');
    if (this.#missing > 0) return;
    const onAnswer = this.#onAnswer;
    this.#onAnswer = null;
    onAnswer(this.#status);
  }

  #bodyLength(head: string): number {
    if (this.#status === 204 || this.#status === 304) return 0;
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (length === undefined) throw new Error(`an answer of ${this.#status} without Content-Length`);
    return Number(length);
  }
}
