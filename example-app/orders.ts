export interface Order {
  readonly id: string;
  readonly item: string;
  readonly quantity: number;
}

/** The data that the keys protect. In memory: what matters here is who may see it. */
export class Orders {
  readonly #orders = new Map<string, Order>();

  constructor() {
    this.add('tea', 2);
    this.add('coffee', 1);
  }

  all(): Order[] {
    return [...this.#orders.values()];
  }

  find(id: string): Order | undefined {
    return this.#orders.get(id);
  }

  add(item: string, quantity: number): Order {
    const order = { id: String(this.#orders.size + 1), item, quantity };
    this.#orders.set(order.id, order);
    return order;
  }
}
