/** How a process of the app reaches Redis, and how long it waits: sent to it as JSON. */
export interface AppPlan {
  readonly kind: 'standalone' | 'sentinel' | 'cluster';
  /** Of the server, the sentinels, or the nodes. */
  readonly addresses: readonly Address[];
  /** Where the servers are for this app, by `host:port`: empty without proxies. */
  readonly natMap: Readonly<Record<string, Address>>;
  /** The port to listen on; 0: any. */
  readonly port: number;
  readonly replicas: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What it answers once it listens. */
export interface Ready {
  readonly port: number;
}

/** What it is asked for besides HTTP: keys as only a host can make them. */
export interface KeyRequest {
  readonly ownerId: string;
}

export interface KeyAnswer {
  readonly token?: string;
  readonly id?: string;
  readonly error?: string;
}

/** The longest that an answer of Redis may take. */
export const STORE_TIMEOUT_MS = 1_000;
export const DURABLE_TIMEOUT_MS = 1_000;
export const HEARTBEAT_MS = 250;
/** Of everybody. */
export const PASSWORD = 'correct horse battery staple';
export const ORG = 'acme';
/** What policies allow, and `GET /orders` asks for. */
export const ORDERS = 'orders:read';
