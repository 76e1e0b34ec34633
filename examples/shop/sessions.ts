import type { PricedLine, Summary } from './paths.ts';
import type { LineRequest } from './wire.ts';

export interface Order {
  id: string;
  lines: LineRequest[];
  total: number;
}

export interface Session {
  cart: PricedLine[];
  orders: Order[];
}

const MOST_SESSIONS = 50_000;
const MOST_LINES = 20;
const MOST_ORDERS = 5;

/** Carts and orders in memory, bounded: the longest unseen user is forgotten first. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  #orders = 0;

  of(user: string): Session {
    const session = this.#sessions.get(user) ?? { cart: [], orders: [] };
    this.#sessions.delete(user);
    this.#sessions.set(user, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MOST_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    return session;
  }

  /** Empties the cart into a new order. */
  order(session: Session, lines: LineRequest[], summary: Summary): Order {
    this.#orders += 1;
    const order = { id: `order-${this.#orders}`, lines, total: summary.total };
    session.cart = [];
    session.orders = [order, ...session.orders].slice(0, MOST_ORDERS);
    return order;
  }
}

/** The cart's lines with one more of a product; the oldest line gives way when the cart is full. */
export function withLine(cart: readonly PricedLine[], added: LineRequest): LineRequest[] {
  const others = cart.filter(({ id }) => id !== added.id).slice(1 - MOST_LINES);
  const before = cart.find(({ id }) => id === added.id)?.quantity ?? 0;
  return [...others, { id: added.id, quantity: Math.min(99, before + added.quantity) }].map(
    ({ id, quantity }) => ({ id, quantity }),
  );
}
