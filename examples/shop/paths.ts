import type { Product, Region } from './catalogue.ts';

export interface Line {
  product: Product;
  quantity: number;
}

/** All amounts are whole cents. */
export interface PricedLine {
  id: string;
  quantity: number;
  /** Price of one before discounts and tax, in the region. */
  unit: number;
  discount: number;
  tax: number;
  total: number;
}

export interface Basket {
  region: Region;
  lines: readonly PricedLine[];
}

export interface Summary {
  items: number;
  subtotal: number;
  shipping: number;
  /** Loyalty points that the order would earn. */
  points: number;
  total: number;
}

/** What the old and the new path both do: the shop does not know which of them it talks to. */
export interface Path {
  price(region: Region, lines: readonly Line[]): PricedLine[];
  summarise(basket: Basket, gramsOf: (id: string) => number): Summary;
}
