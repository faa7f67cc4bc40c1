import { HttpConnection } from './http-connection.js';

/** One request after the other over a connection that stays. */
export class Asker {
  readonly #connection: HttpConnection;
  #fail: (error: Error) => void = () => {};
  #failure: Error | null = null;

  constructor(port: number) {
    this.#connection = new HttpConnection(port, (error) => {
      this.#failure = error;
      this.#fail(error);
    });
  }

  /** The status of the answer. @throws Error when the connection breaks. */
  ask(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#fail = reject;
      this.#connection.send(request, resolve);
    });
  }

  close(): void {
    this.#connection.close();
  }
}
